"""What `train.fit.vmapped` is made of: its cells, their buffers, what a span of steps takes in, and ways to take a step."""
