"""How many given labels are wrong, which ones, and how sure one can be: pure functions over arrays (docs/label-errors.md).

views      several class probabilities of the same rows, none of which saw the row's own label
pool       one evidence of them, weighted by how well it explains the given labels through a noise matrix
matrix     the noise matrix: from the rows of which the evidence is surest, then from all rows
refit      a second stage: the cheap views learnt again from what the labels probably should be
agreement  the noise rate from the agreement of two different views and the labels
floor      how rare wrong labels can be where the evidence is surest
rate       which noise rates there may be, from the likelihood and from agreement
cut        which rows to flag, and what precision and recall to expect
estimate   all of it together
transfer   the estimate carried over to rows that had no part in it
methods    the scores that others use, by name
judge      what one method says of every label, ours, cleanlab's or another's
reasons    why a row is flagged
tables     what the pages show of the labels as a whole
faults     evidence that cannot be what it claims to be
"""
