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

from training import reduction
from training.data import Pictures, proportions, to_bytes
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
        picture = torch.from_numpy(pixels).permute(2, 0, 1).float()
        ours = to_bytes(bicubic(picture, 16, 16)).permute(1, 2, 0).numpy()
        self.assertLessEqual(np.abs(theirs - ours.astype(int))[2:-2, 2:-2].max(), 1)

    def test_turning_commutes(self):
        picture = torch.rand(3, 24, 24)
        turned = bicubic(torch.rot90(picture, 1, (1, 2)), 48, 48)
        torch.testing.assert_close(turned, torch.rot90(bicubic(picture, 48, 48), 1, (1, 2)))


def chart(folder: Path, name: str, height: int, width: int, blue: int):
    """A picture whose red is the column, green the row, blue its own number."""
    y, x = np.mgrid[0:height, 0:width]
    Image.fromarray(np.stack([x, y, np.full_like(x, blue)], 2).astype(np.uint8)).save(folder / name)


def turns(picture: torch.Tensor):
    """The eight orientations of [3, n, n]."""
    return [t for k in range(4) for t in (torch.rot90(picture, k, (1, 2)),
                                          torch.rot90(picture, k, (1, 2)).flip(2))]


class Batches(unittest.TestCase):
    ALL = {"bicubic": 0.6, "box": 0.08, "bilinear": 0.08, "hamming": 0.08, "lanczos": 0.08,
           "mitchell": 0.08}

    def setUp(self):
        keep = tempfile.TemporaryDirectory()
        self.addCleanup(keep.cleanup)
        self.name, self.folder = keep.name, Path(keep.name)

    def test_a_crop_is_its_place_in_the_picture(self):
        sizes = {10: (60, 80), 20: (90, 50), 30: (64, 64)}
        for blue, (h, w) in sizes.items():
            chart(self.folder, f"{blue}.png", h, w, blue)
        torch.manual_seed(5)
        _, hr = Pictures([self.name], 2, 64, 12, {"bicubic": 1}).batch()
        orientations, seen = set(), set()
        for crop in (hr * 255).round().long():
            blue = int(crop[2, 0, 0])
            seen.add(blue)
            x, y = int(crop[0].min()), int(crop[1].min())
            rows, columns = torch.meshgrid(torch.arange(y, y + 24), torch.arange(x, x + 24), indexing="ij")
            self.assertLessEqual(y + 24, sizes[blue][0])
            self.assertLessEqual(x + 24, sizes[blue][1])
            expected = turns(torch.stack([columns, rows, torch.full_like(rows, blue)]))
            fits = [i for i, t in enumerate(expected) if torch.equal(t, crop)]
            self.assertEqual(len(fits), 1)
            orientations.update(fits)
        self.assertEqual(seen, set(sizes))
        self.assertEqual(len(orientations), 8)

    def test_lr_is_the_reduction_of_hr(self):
        paint(self.folder)
        pictures = Pictures([self.name], 4, 24, 12, self.ALL)
        lr, hr = pictures.batch()
        self.assertEqual(lr.shape, (24, 3, 12, 12))
        self.assertEqual(hr.shape, (24, 3, 48, 48))
        inner = (slice(None), slice(3, -3), slice(3, -3))
        for kernel, small, large in zip(pictures.kernels, lr, hr):
            again = reduction.reduce(large.double() * 255, kernel, 12, 12)
            self.assertLess(float((again - small * 255)[inner].abs().max()), 0.501)
            self.assertTrue(torch.equal((small * 255).round() / 255, small))

    def test_at_the_border_lr_is_that_of_the_published_sets(self):
        chart(self.folder, "one.png", 48, 48, 7)
        lr, hr = Pictures([self.name], 4, 8, 12, {"bicubic": 1}).batch()
        expected = to_bytes(bicubic(hr * 255, 12, 12))
        self.assertLessEqual(int((expected.int() - (lr * 255).round().int()).abs().max()), 1)
        self.assertGreater(float((expected == (lr * 255).round()).float().mean()), 0.99)

    def test_kernels_in_fixed_proportions(self):
        names = proportions(self.ALL, 48)
        self.assertEqual([names.count(k) for k in self.ALL], [28, 4, 4, 4, 4, 4])
        self.assertEqual(len(proportions(self.ALL, 5)), 5)

    def test_pictures_by_area_and_weight(self):
        chart(self.folder, "1.png", 48, 48, 10)
        chart(self.folder, "2.png", 48, 48, 20)
        (self.folder / "index.tsv").write_text(
            "file\tcollection\ttexture\n1.png\tgb82\t0.7\n2.png\tother\t0.7\n")
        torch.manual_seed(2)
        pictures = Pictures([self.name], 2, 4000, 4, {"bicubic": 1})
        first = (pictures.crops()[:, 0, 0, 2] == 10).float().mean()
        self.assertAlmostEqual(float(first), 0.75, delta=0.03)

    def test_same_seed_same_batches(self):
        paint(self.folder)
        pictures = Pictures([self.name], 2, 4, 16, self.ALL)
        batches = []
        for _ in range(2):
            torch.manual_seed(9)
            batches.append(pictures.batch())
        self.assertTrue(torch.equal(batches[0][0], batches[1][0]))

    def test_pictures_that_cannot_serve_are_named(self):
        with self.assertRaisesRegex(FileNotFoundError, self.folder.name):
            Pictures([self.name], 2, 4, 8, self.ALL)
        chart(self.folder, "small.png", 15, 40, 1)
        with self.assertRaisesRegex(ValueError, "small.png"):
            Pictures([self.name], 2, 4, 8, self.ALL)


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
                      "batch": 4, "patch": 12, "rate": 2e-3, "steps": 400, "minutes": 30,
                      "report_seconds": 60, "seed": 1, "softness": 0.001}
            (folder / "recipe.json").write_text(json.dumps(recipe))
            run = Run({**recipe, "steps": 200}, folder / "out", "cpu")
            run.train()
            resumed = Run(recipe, folder / "out", "cpu")
            self.assertEqual(resumed.step, 200)
            resumed.train()
            self.assertEqual(resumed.step, 400)
            lr, hr = Pictures([name], 2, 8, 16, {"bicubic": 1}).batch()
            with torch.no_grad():
                before = (bicubic(lr, 32, 32) - hr).abs().mean()
                after = (resumed.average(lr) - hr).abs().mean()
            self.assertLess(float(after), float(before))

    def test_a_run_starts_from_an_exported_file_or_a_checkpoint(self):
        from training.export import export
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            recipe = {"scale": 2, "channels": 8, "blocks": 1, "patch": 12, "rate": 2e-3, "seed": 1}
            first = Run(recipe, folder / "first", "cpu")
            with torch.no_grad():
                for layer in (first.average.head, first.average.tail):
                    layer.centre.normal_(0, 0.1)
            first.save()
            export(first.average, folder / "net.onnx")
            picture = torch.rand(1, 3, 16, 16)
            for source in (folder / "net.onnx", first.checkpoint):
                run = Run({**recipe, "seed": 2, "start": str(source)}, folder / source.stem, "cpu")
                with torch.no_grad():
                    torch.testing.assert_close(run.net(picture), first.average(picture), atol=2e-3, rtol=0)
            other = Run({**recipe, "scale": 3, "start": str(folder / "net.onnx")}, folder / "x3", "cpu")
            with torch.no_grad():
                kernels = [net.head.kernel() for net in (other.net, first.average)]
            torch.testing.assert_close(*kernels, atol=2e-3, rtol=0)


if __name__ == "__main__":
    unittest.main()
