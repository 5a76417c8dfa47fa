"""Rendered lettering, its area, and the text detector's graph.

    python -m unittest discover -s training/tests -t .
"""
import importlib.util
import shutil
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageFilter

from training.text_augment import Augment
from training.text_data import CELL, Block, Photographs, Scenes, grown
from training.text_fonts import Face, Writer, find_faces, split
from training.text_model import TextNet, cost
from training.text_score import best_threshold, detect, histogram, marked

HAS_RUNTIME = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))
FACES = find_faces()[:40] if shutil.which("fc-list") else []


def small_net() -> TextNet:
    torch.manual_seed(1)
    return TextNet([4, 6, 8, 10], [1, 1, 2]).eval()


@unittest.skipUnless(FACES, "fontconfig finds no font here")
class Rendering(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        random = np.random.default_rng(3)
        for name in ("one", "two"):
            noise = Image.fromarray(random.integers(0, 255, (30, 40, 3), np.uint8)).resize((320, 240))
            noise.save(Path(folder.name) / f"{name}.png")
        self.photographs = Photographs([folder.name])

    def test_area_covers_the_letters(self):
        writer, random = Writer(FACES), np.random.default_rng(5)
        for cap in (6, 9, 20, 60, 100):
            block = Block(writer, cap, 400, (200, 200, 200), random)
            area = np.asarray(block.area)
            if block.panel:
                continue
            letters = np.asarray(block.alpha) if block.alpha.size == block.size else area
            self.assertGreater(area.max(), 200)
            missed = (letters > 200) & (area < 100)
            self.assertLess(missed.sum(), 0.25 * max(1, (letters > 200).sum()))  # outlines may stand out

    def test_same_seed_same_scene(self):
        first, second = (Scenes(self.photographs, FACES, 7).batch(3, 64) for _ in range(2))
        for a, b in zip(first, second):
            np.testing.assert_array_equal(a, b)
        self.assertFalse(np.array_equal(first[0], Scenes(self.photographs, FACES, 8).batch(3, 64)[0]))

    def test_sizes_and_shares(self):
        pictures, areas = Scenes(self.photographs, FACES, 2, bare=0.0).batch(8, 128)
        self.assertEqual((pictures.shape, pictures.dtype), ((8, 3, 128, 128), np.uint8))
        self.assertEqual(areas.shape, (8, 1, 128 // CELL, 128 // CELL))
        self.assertTrue(0.01 < areas.mean() < 0.8 and 0 <= areas.min() and areas.max() <= 1)
        self.assertEqual(Scenes(self.photographs, FACES, 2, bare=1.0).batch(3, 64)[1].max(), 0)

    def test_groups_are_apart(self):
        faces = [Face(f"{name}-{kind}.ttf", 0, f"{name} {kind}", ("latin",))
                 for name in map("Family{}".format, range(60)) for kind in ("Sans", "Serif")]
        train, held = split(faces, [])
        self.assertTrue(train and held)
        self.assertFalse({f.group for f in train} & {f.group for f in held})


class Parts(unittest.TestCase):
    def test_grown_is_the_largest_around(self):
        random = np.random.default_rng(1)
        for reach in (1, 2, 5):
            sheet = Image.fromarray(random.integers(0, 256, (19, 33), np.uint8))
            np.testing.assert_array_equal(np.asarray(grown(sheet, reach)),
                                          np.asarray(sheet.filter(ImageFilter.MaxFilter(2 * reach + 1))))

    def test_augmented_area_moves_with_the_picture(self):
        torch.manual_seed(2)
        area = torch.zeros(16, 1, 32, 32, dtype=torch.uint8)
        area[:, :, 4:14, 6:20] = 255
        picture = area.repeat_interleave(4, 2).repeat_interleave(4, 3).repeat(1, 3, 1, 1)
        x, moved = Augment(torch.device("cpu")).moved(picture.float() / 255, area.float() / 255)
        self.assertEqual((x.shape, moved.shape), (picture.shape, area.shape))
        means = torch.nn.functional.avg_pool2d(x[:, :1], 4)
        self.assertLess(float((means - moved).abs().mean()), 0.02)

    def test_augmented_stays_in_range(self):
        torch.manual_seed(3)
        x = torch.randint(0, 256, (8, 3, 64, 64), dtype=torch.uint8)
        y, area = Augment(torch.device("cpu"))(x, torch.full((8, 1, 16, 16), 255, dtype=torch.uint8))
        self.assertTrue(0 <= y.min() and y.max() <= 1 and torch.isfinite(y).all())
        torch.testing.assert_close(area, torch.ones_like(area))

    def test_threshold(self):
        found = torch.tensor([0.1, 0.2, 0.6, 0.7, 0.9])
        table = histogram(found, torch.tensor([0.0, 1.0, 0.0, 1.0, 1.0]))
        self.assertEqual(best_threshold(*table, 0.9)[1:], (1.0, 2 / 3))
        self.assertEqual(best_threshold(*table, 0.7)[1:], (0.75, 1.0))

    def test_regions_are_marked_by_their_mean(self):
        found = torch.zeros(12, 20)
        found[1:4, 1:5] = 0.9
        found[4, 1:5] = 0.2  # a rim belongs to it
        found[1:4, 8:12] = torch.tensor([0.9, 0.2, 0.2, 0.2])  # a rim too wide
        found[8:10, 15:17] = 0.99  # too small
        found[5, 5] = 0.9  # touches by a corner only
        expected = torch.zeros(12, 20)
        expected[1:5, 1:5] = 1
        torch.testing.assert_close(marked(found), expected)

    def test_cost_is_that_of_the_convolutions(self):
        net, seen = small_net(), []
        for module in net.modules():
            if isinstance(module, torch.nn.Conv2d):
                module.register_forward_hook(lambda m, _, y: seen.append(m.weight[0].numel() * y[0].numel()))
        net(torch.zeros(1, 3, 64, 64))
        self.assertAlmostEqual(cost(net), sum(seen) / 64 ** 2)

    def test_any_size_is_detected(self):
        found = detect(lambda x: torch.sigmoid(small_net()(x)).detach(), np.zeros((45, 71, 3), np.uint8))
        self.assertEqual(found.shape, (12, 18))

    @unittest.skipUnless(HAS_RUNTIME, "needs onnx and onnxruntime")
    def test_export_is_the_network(self):
        from training.text_export import export, load_onnx
        net = small_net()
        for module in net.modules():  # normalisation that does something
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 2)
        with tempfile.TemporaryDirectory() as folder:
            export(net, Path(folder) / "net.onnx")
            run = load_onnx(Path(folder) / "net.onnx")
            for h, w in ((32, 48), (64, 16)):
                x = torch.rand(1, 3, h, w)
                expected = torch.sigmoid(net(x)).detach()
                torch.testing.assert_close(run(x), expected, atol=3e-3, rtol=0)


if __name__ == "__main__":
    unittest.main()
