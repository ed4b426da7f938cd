# IM++: IM+, and a quality network decides how often a pseudo-labeled image is drawn (1 to 5 times).
_base_ = './im-plus.py'
generations = dict(
    evalnet=dict(
        pipeline=_base_.quality_pipeline,
        test_pipeline=_base_.quality_test_pipeline,
        skip_classes=['background'],
    )
)
train_dataloader = dict(dataset=dict(draws='quality'))
