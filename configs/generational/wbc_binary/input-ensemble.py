# One teacher, the best; its pseudo-labels are the mean over views of the image.
_base_ = './im.py'
generations = dict(
    num_teachers=1, im=None, views=['identity', 'hflip', 'scale0.75', 'scale1.25'], size_divisor=16
)
