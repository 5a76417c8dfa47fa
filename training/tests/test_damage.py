"""Damage that is known, the fixed measures of it, and the exported network."""
import importlib.util
import math
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.damage_cases import Cases
from training.damage_net import BANDS, FEATURES, MEASURED, OUTPUTS, DamageNet, Measures, encoded, loss_of
from training.damage_samples import QUALITIES, Damage, Damaged, coloured, compressed, moved, resolution
from training.enlargement_fit import fitted

HAS_RUNTIME = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


class Known(unittest.TestCase):
    def test_nothing_lost_is_full_resolution(self):
        self.assertEqual(resolution(0, None, 1, 0, 1), 1.0)
        self.assertEqual(resolution(0.2, None, 1, 0, 1), 1.0)

    def test_blur_follows_the_formula(self):
        # exp(-2 (pi sigma f)^2) = 0.1, in shares of half a cycle per pixel
        for sigma in (1.0, 2.0, 3.0):
            lost = math.sqrt(math.log(10) / 2) / (math.pi * sigma) / 0.5
            self.assertAlmostEqual(resolution(sigma, None, 1, 0, 1), lost, delta=0.003)

    def test_enlarging_leaves_its_share_and_sharpening_brings_nothing_back_beyond(self):
        for factor in (1.5, 2, 4):
            for kernel in ("bilinear", "lanczos"):
                self.assertAlmostEqual(resolution(0, kernel, factor, 0, 1), 1 / factor, delta=0.01)
            self.assertLess(resolution(2, "bicubic", factor, 0, 1), 1 / factor)
        self.assertGreater(resolution(1.5, None, 1, 1.0, 1), resolution(1.5, None, 1, 0, 1))

    def test_motion_draws_points_to_lines(self):
        self.assertLess(float((moved(torch.full((1, 3, 50, 60), 90.0), 8, 1) - 90).abs().max()), 1e-3)
        point = torch.zeros(1, 3, 31, 31)
        point[..., 15, 15] = 1
        line = moved(point, 9, 0)[0, 0]
        self.assertAlmostEqual(float(line.sum()), 1, delta=1e-5)
        self.assertAlmostEqual(float(line[15].sum()), 1, delta=1e-5)
        self.assertAlmostEqual(float((line[15] > 0.5 / 9).sum()), 9, delta=1)
        torch.testing.assert_close(moved(point, 9, math.pi / 2)[0, 0], line.T, atol=1e-5, rtol=0)

    def test_noise_is_what_jpeg_left_of_it(self):
        torch.manual_seed(4)
        x = torch.full((2, 3, 128, 128), 128.0)
        for sigma, quality, halved, low, high in (
                (10, 95, False, 9, 10), (10, 95, True, 3, 4), (2, 20, False, 0, 0.2)):
            done = Damage(chroma=sigma, luma=sigma)
            noisy = x.clone()
            noisy[:1] = coloured(x[:1] + torch.randn(1, 1, 128, 128) * sigma, sigma, 1)
            compressed(noisy.round(), quality, halved, done)
            self.assertTrue(low <= done.chroma <= high, done)
            self.assertTrue(9 <= done.luma <= 10 if sigma == 10 else done.luma < 0.5, done)

    def test_same_seed_same_samples(self):
        pictures = [torch.randint(0, 255, (3, 300, 280), dtype=torch.uint8)]
        for seed in range(3):
            drawn = []
            for _ in range(2):
                torch.manual_seed(seed)
                drawn.append(Damaged(pictures, seed).draw(96))
            (one, damage), (other, again) = drawn
            self.assertTrue(torch.equal(one, other))
            self.assertEqual(one.shape, (3, 96, 96))
            self.assertTrue(0 <= one.min() and one.max() <= 255 and bool((one == one.round()).all()))
            self.assertEqual(damage, again)
            self.assertIn(damage.quality, (0, *range(QUALITIES[0], QUALITIES[1] + 1)))


class Fitted(unittest.TestCase):
    def test_weights_come_back(self):
        rng, truth = np.random.default_rng(1), np.array([-1.0, 2.0, 0.0, -3.0])
        x = np.concatenate([np.ones((6000, 1)), rng.normal(size=(6000, 3))], 1)
        y = (rng.random(6000) < 1 / (1 + np.exp(-x @ truth))).astype(float)
        self.assertLess(np.abs(fitted(x, y) - truth).max(), 0.2)


class Cased(unittest.TestCase):
    def test_cases_are_whole_pictures_and_say_what_they_were(self):
        with tempfile.TemporaryDirectory() as name:
            rng = np.random.default_rng(2)
            Image.fromarray(rng.integers(0, 255, (240, 300, 3), dtype=np.uint8)).save(Path(name) / "a.png")
            Image.fromarray(rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)).save(Path(name) / "small.png")
            cases = Cases([Path(name)], 3)
            self.assertEqual(len(cases.pictures), 1)
            grown = 0
            for _ in range(12):
                x, done, before = cases.case()
                self.assertEqual(before, (120, 150))
                self.assertEqual(tuple(x.shape[1:]), tuple(round(side * done.enlarged) for side in before))
                self.assertEqual(x.dtype, torch.uint8)
                if done.enlarged > 1:
                    grown += 1
                    self.assertLess(done.resolution, 1 / done.enlarged + 0.02)
            self.assertGreater(grown, 0)


class Measured(unittest.TestCase):
    def test_flat_pictures_give_finite_measures(self):
        found = Measures()(torch.full((1, 3, 96, 128), 0.5))
        self.assertEqual(found.shape, (1, FEATURES, 1, 1))
        self.assertTrue(bool(found.isfinite().all()))

    def test_noise_is_measured_where_nothing_was_cut_off(self):
        torch.manual_seed(3)
        measures, grain = Measures(), 0.05 * torch.randn(1, 3, 192, 192)
        rough = slice(3 * BANDS, 3 * BANDS + 9)    # three means of luma and two colours, then the same where nothing was cut off
        counted = slice(3 * BANDS + 9, 3 * BANDS + 18)
        grey = measures((0.5 + grain).clamp(0, 1)).flatten()
        torch.testing.assert_close(grey[counted], grey[rough], atol=1e-3, rtol=0)
        half = torch.full((1, 3, 192, 192), 0.5)
        half[..., 96:] = 0
        cut = measures((half + grain).clamp(0, 1)).flatten()
        self.assertGreater(float((cut[rough] - grey[rough]).abs().min()), 0.3)
        torch.testing.assert_close(cut[counted], grey[counted], atol=0.15, rtol=0)

    def test_loss_is_least_at_the_truth(self):
        truth = torch.tensor([encoded(Damage(0.5, 1.0, 2.0, 4.0, 2.0, 60))])
        answer = torch.zeros(1, 2 * len(OUTPUTS))
        answer[:, 0::2] = truth
        answer[:, 2 * MEASURED::2] = 20 * truth[:, MEASURED:] - 10
        for i in range(0, 2 * MEASURED, 2):
            off = answer.clone()
            off[:, i] += 0.3
            self.assertGreater(float(loss_of(off, truth)), float(loss_of(answer, truth)))

    @unittest.skipUnless(HAS_RUNTIME, "needs onnx and onnxruntime")
    def test_export_is_the_network(self):
        import onnxruntime
        from training.damage_train import export
        torch.manual_seed(2)
        net, picture = DamageNet(16).eval(), torch.rand(1, 3, 96, 160)
        with tempfile.TemporaryDirectory() as name, torch.no_grad():
            path = Path(name) / "net.onnx"
            export(net, path)
            got = onnxruntime.InferenceSession(str(path)).run(None, {"input": picture.numpy()})[0]
            torch.testing.assert_close(torch.from_numpy(got), net(picture), atol=1e-4, rtol=1e-4)


if __name__ == "__main__":
    unittest.main()
