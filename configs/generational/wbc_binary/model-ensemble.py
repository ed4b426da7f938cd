# Pseudo-labels are the mean of the teachers' probabilities; there is no mask.
_base_ = './im.py'
generations = dict(im=None)
