# One teacher, the best; its labels without a mask; noise and width grow as in IM+.
_base_ = './im-plus.py'
generations = dict(num_teachers=1, im=None)
