"""What a gate said of which bytes: written once, checked again in a fraction of a second, demanded by training.

`record`, `trees`, `signing` and `verify` import neither numpy nor pandas: that is all that unchanged data needs.
`rows`, `issue` and `demand` read data.
"""
