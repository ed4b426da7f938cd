# The views of an unlabeled image: the strong one with the constants of UniMatch (CVPR 2023).
views = dict(
    weak=[dict(type='PackSemiInputs')],
    strong=[
        dict(type='RandomApply', prob=0.8, transforms=[dict(type='ColorJitter')]),
        dict(
            type='RandomGrayscale',
            prob=0.2,
            keep_channels=True,
            channel_weights=(0.114, 0.587, 0.299),  # blue, green, red, as PIL
        ),
        dict(type='RandomApply', prob=0.5, transforms=[dict(type='GaussianBlur')]),
        dict(type='PackSemiInputs'),
    ],
)
