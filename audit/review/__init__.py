"""Where people settle doubtful labels: a queue, a journal of decisions, a page that serves both, and what they measure."""
