# The quality network without a mask: mean of the teachers' probabilities. Images that are judged
# worse than the worst quarter of the labels of validation images are left out, the others are drawn
# 1 to 5 times.
_base_ = './model-ensemble.py'
generations = dict(
    evalnet=dict(
        pipeline=_base_.quality_pipeline,
        test_pipeline=_base_.quality_test_pipeline,
        drop_quantile=0.25,
        skip_classes=['background'],
    )
)
train_dataloader = dict(dataset=dict(draws='quality'))
