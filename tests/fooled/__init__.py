"""Ways to fool or break a gate, one small function each: what assay answers, beside plain Great Expectations and cleanlab."""
