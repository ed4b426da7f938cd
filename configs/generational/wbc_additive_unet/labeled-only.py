# Generation 0 alone: the networks that the other configs of this folder take as first teachers.
_base_ = './im.py'
generations = dict(num_generations=0, im=None)
