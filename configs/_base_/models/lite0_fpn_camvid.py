# The pretrained network of lite0_fpn.py with class weights for CamVid's 46 labeled images:
# tools/class_weights.py with --power 0.5 and any CamVid config of generational/
_base_ = './lite0_fpn.py'
class_weight = [0.51, 0.41, 2.14, 0.37, 1.00, 0.59, 1.99, 1.56, 0.71, 2.40, 3.26]
model = dict(
    decode_head=dict(
        loss_decode=dict(_delete_=True, type='WeightedCrossEntropyLoss', class_weight=class_weight)
    )
)
