"""Properties of resampling, data, network and export; a short run end to end.

    python -m unittest discover -s training/tests -t .
"""
import json
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.data import Pictures, reduce, to_bytes
from training.network import Faithful
from training.resample import bicubic
from training.run import Run
from training.score import psnr_y

try:
    import onnx  # noqa: F401
    HAS_ONNX = True
except ImportError:
    HAS_ONNX = False


def paint(folder: Path, count: int = 3):
    rng = np.random.default_rng(3)
    for i in range(count):
        y, x = np.mgrid[0:96, 0:128]
        waves = [128 + 90 * np.sin(x / (3 + c + i)) * np.cos(y / (4 + c)) for c in range(3)]
        noise = rng.normal(0, 6, (96, 128, 3))
        pixels = np.clip(np.stack(waves, 2) + noise, 0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(folder / f"{i}.png")


class Resampling(unittest.TestCase):
    def test_flat_stays_flat_at_any_size(self):
        flat = torch.full((3, 24, 20), 77.0)
        for h, w in ((48, 40), (6, 5), (31, 7)):
            torch.testing.assert_close(bicubic(flat, h, w), torch.full((3, h, w), 77.0))

    def test_agrees_with_pillow_inside(self):
        # Pillow's bicubic is the same kernel; it rounds between the two directions.
        rng = np.random.default_rng(1)
        pixels = rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        theirs = np.array(Image.fromarray(pixels).resize((16, 16), Image.BICUBIC), int)
        ours = reduce(torch.from_numpy(pixels).permute(2, 0, 1), 4).permute(1, 2, 0).numpy()
        self.assertLessEqual(np.abs(theirs - ours.astype(int))[2:-2, 2:-2].max(), 1)

    def test_turning_commutes(self):
        picture = torch.rand(3, 24, 24)
        turned = bicubic(torch.rot90(picture, 1, (1, 2)), 48, 48)
        torch.testing.assert_close(turned, torch.rot90(bicubic(picture, 48, 48), 1, (1, 2)))


class Batches(unittest.TestCase):
    def test_lr_is_the_reduction_of_hr(self):
        with tempfile.TemporaryDirectory() as name:
            paint(Path(name))
            pictures = Pictures([name], 4, seed=1)
            lr, hr = pictures.batch(6, 12)
            self.assertEqual(lr.shape, (6, 3, 12, 12))
            self.assertEqual(hr.shape, (6, 3, 48, 48))
            self.assertGreaterEqual(float(lr.min()), 0)
            self.assertLessEqual(float(hr.max()), 1)
            again = to_bytes(bicubic(hr * 255, 12, 12)).float() / 255
            inner = (slice(None), slice(None), slice(2, -2), slice(2, -2))
            self.assertLessEqual(float((again - lr)[inner].abs().max()), 1.01 / 255)

    def test_same_seed_same_batches(self):
        with tempfile.TemporaryDirectory() as name:
            paint(Path(name))
            first, second = (Pictures([name], 2, seed=9).batch(4, 16) for _ in range(2))
            self.assertTrue(torch.equal(first[0], second[0]))

    def test_an_empty_folder_is_named(self):
        with tempfile.TemporaryDirectory() as name:
            with self.assertRaisesRegex(FileNotFoundError, Path(name).name):
                Pictures([name], 2, seed=1)


class Network(unittest.TestCase):
    def test_receptive_field_is_the_halo(self):
        net = Faithful(2, channels=8, blocks=2).eval()
        side = 2 * net.halo + 9
        picture = torch.rand(1, 3, side, side, requires_grad=True)
        middle = side // 2
        net.difference(picture)[0, :, 2 * middle, 2 * middle].sum().backward()
        seen = picture.grad.abs().sum((0, 1)).nonzero()
        self.assertLessEqual(int((seen - middle).abs().max()), net.halo)
        self.assertEqual(int((seen - middle).abs().max()), net.halo)

    def test_score_of_known_difference(self):
        grey = torch.full((3, 40, 40), 100, dtype=torch.uint8)
        step = 219 / 255  # one level of grey in studio-range luma
        self.assertAlmostEqual(psnr_y(grey, grey + 1, 4), 20 * np.log10(255 / step), places=6)


@unittest.skipUnless(HAS_ONNX, "needs the onnx package")
class Export(unittest.TestCase):
    def test_file_equals_network_up_to_half_precision(self):
        from training.export import export, load_onnx
        net = Faithful(4, channels=16, blocks=2).eval()
        picture = torch.rand(1, 3, 20, 24)
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "net.onnx"
            export(net, path)
            enlarge, scale = load_onnx(path)
        self.assertEqual(scale, 4)
        with torch.no_grad():
            torch.testing.assert_close(enlarge(picture), net(picture), atol=2e-3, rtol=0)

    def test_a_short_run_learns_resumes_and_exports(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            paint(folder)
            recipe = {"scale": 2, "channels": 8, "blocks": 1, "pictures": [name], "tests": [],
                      "batch": 4, "patch": 12, "rate": 2e-3, "steps": 400, "minutes": 2,
                      "report": 200, "seed": 1, "softness": 0.001, "places": 2}
            (folder / "recipe.json").write_text(json.dumps(recipe))
            run = Run({**recipe, "steps": 200}, folder / "out", "cpu")
            run.train()
            resumed = Run(recipe, folder / "out", "cpu")
            self.assertEqual(resumed.step, 200)
            resumed.train()
            self.assertEqual(resumed.step, 400)
            lr, hr = Pictures([name], 2, seed=4).batch(8, 16)
            with torch.no_grad():
                before = (bicubic(lr, 32, 32) - hr).abs().mean()
                after = (resumed.average(lr) - hr).abs().mean()
            self.assertLess(float(after), float(before))


if __name__ == "__main__":
    unittest.main()
