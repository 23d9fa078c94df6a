"""Train a network on whole galaxies and keep its encoder."""

import logging
import warnings
from dataclasses import dataclass
from functools import partial

import lightning
import timm
import torch
from torch import nn
from torch.utils.data import DataLoader

from clumpscope.config.pretraining import PretrainingConfig
from clumpscope.config.recipe import Recipe
from clumpscope.detector.pretraining.images import GalaxyDataset
from clumpscope.detector.pretraining.module import Keeper, PretrainingModule
from clumpscope.detector.starts.encoder import encoder_layout, read_encoder
from clumpscope.detector.starts.normalisation import Scaling, chosen, scaling_of
from clumpscope.detector.training.fit import ctrl_c, seeded
from clumpscope.errors import ModelError, expected_got
from clumpscope.models.encoder import EncoderCard
from clumpscope.models.starts import Start
from clumpscope.store.manifest import sha256_file


@dataclass(frozen=True, eq=False)
class Beginning:
    """The timm network to train, how its images are scaled, and what is known of its weights."""

    network: nn.Module
    scaling: Scaling
    origin: str
    sha256: str

    def card(self, config: PretrainingConfig, recipe: Recipe, provenance: str) -> EncoderCard:
        """What its file will say."""
        return EncoderCard(
            encoder=config.encoder,
            composite=recipe.composite,
            mean=self.scaling[0],
            std=self.scaling[1],
            weights=self.origin,
            weights_sha256=self.sha256,
            provenance=provenance,
        )


def beginning(config: PretrainingConfig, start: Start | None, seed: int, outputs: int) -> Beginning:
    """Make the network to train; without ``outputs`` it ends with the pooled features.

    Raises
    ------
    ModelError
        If timm has no such network, or the weights do not fit it.
    """
    wanted = encoder_layout(config.encoder)
    if start is not None and start.source is None:
        alone, remedy = "weights of an encoder", f"'encoder:{start.text}' is one"
        raise ModelError(
            expected_got("start of an encoder's training", alone, "a detector", remedy)
        )
    with seeded(seed):
        network: nn.Module = timm.create_model(
            config.encoder, pretrained=False, num_classes=outputs
        )
    if start is None:
        return Beginning(network, chosen(config.normalisation), "random", "")
    weights = read_encoder(start.path, config.encoder)
    tensors = weights.named_as(wanted, f"weights {start.path}")
    network.load_state_dict({**network.state_dict(), **tensors})
    scaling = scaling_of(start, weights.layout, config.normalisation)
    return Beginning(network, scaling, start.text, sha256_file(start.path))


def keep_best(
    module: PretrainingModule,
    checking: GalaxyDataset,
    keeper: Keeper,
    recipe: Recipe,
) -> EncoderCard:
    """Train; the card of the best encoder, as ``keeper`` wrote it.

    All draws come from the recipe's seed: on one processor the same call gives the same weights.

    Raises
    ------
    KeyboardInterrupt
        At Ctrl-C; the best encoder so far is there.
    TrainingError
        If a loss is not finite.
    StoreError
        If the file cannot be written.
    """
    config, learning = module.config, module.data
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    loader = partial(
        DataLoader,
        batch_size=config.batch_size,
        num_workers=recipe.train.workers,
        generator=torch.Generator().manual_seed(recipe.seed),
    )
    # A last batch of one or two images would upset the batch-norms.
    whole = len(learning) >= config.batch_size
    trainer = lightning.Trainer(
        max_epochs=config.epochs,
        precision=recipe.train.precision,
        callbacks=[keeper],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
    )
    with seeded(recipe.seed), ctrl_c(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not have many workers.*")
        warnings.filterwarnings("ignore", category=FutureWarning, message=".*LeafSpec.*")
        trainer.fit(module, loader(learning, shuffle=True, drop_last=whole), loader(checking))
    return keeper.card
