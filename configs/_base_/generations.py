# IM in generations: two networks label, two new ones learn from what these agree on, and so on.
generations = dict(
    num_generations=2,
    students_per_generation=2,
    num_teachers=2,
    metric='mIoU',
    im=dict(type='InconsistencyMask'),
)
