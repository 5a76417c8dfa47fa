"""The reductions, the projection onto them, and the network that tells them apart.

    python -m unittest discover -s training/tests -t .
"""
import importlib.util
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch

from training import kernel_wear
from training.kernel_data import CLASSES, Samples
from training.kernel_net import KernelNet
from training.kernel_pool import round_trips
from training.kernel_score import reduced, through_jpeg
from training.reduction import KERNELS, matrix, project, reduce
from training.resample import bicubic

HAS_RUNTIME = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


class Reductions(unittest.TestCase):
    def test_every_output_is_a_mean(self):
        for kernel in KERNELS:
            for source, target in ((64, 16), (60, 20), (48, 24), (61, 23)):
                sums = matrix(kernel, source, target).sum(1)
                torch.testing.assert_close(sums, torch.ones_like(sums), msg=kernel)

    def test_flat_stays_flat(self):
        flat = torch.full((3, 48, 64), 77.0)
        for kernel in KERNELS:
            small = reduce(flat, kernel, 12, 16)
            torch.testing.assert_close(small, torch.full((3, 12, 16), 77.0))
            torch.testing.assert_close(project(flat, small, kernel), flat, atol=1e-3, rtol=0)

    def test_box_by_a_whole_factor_is_the_mean_of_blocks(self):
        picture = torch.rand(1, 3, 24, 36)
        torch.testing.assert_close(reduce(picture, "box", 8, 12),
                                   torch.nn.functional.avg_pool2d(picture, 3))

    def test_bicubic_agrees_with_the_fields_inside(self):
        picture = torch.rand(3, 64, 64)
        inner = (slice(None), slice(2, -2), slice(2, -2))
        torch.testing.assert_close(reduce(picture, "bicubic", 16, 16)[inner],
                                   bicubic(picture, 16, 16)[inner])

    def test_agrees_with_pillow(self):
        rng = np.random.default_rng(1)
        soft = bicubic(torch.from_numpy(rng.uniform(60, 190, (3, 16, 16))).float(), 64, 64)
        picture = soft.round().clamp(0, 255).byte()
        for kernel in KERNELS:
            ours = reduced(picture, kernel, 16, 16).int()
            theirs = reduced(picture, kernel, 16, 16, pillow=True).int()
            self.assertLessEqual(int((ours - theirs).abs().max()), 1, kernel)


class Projection(unittest.TestCase):
    def test_reduces_to_the_input(self):
        torch.manual_seed(2)
        x, y = torch.rand(3, 24, 32), torch.rand(3, 96, 128)
        for kernel in KERNELS:
            again = reduce(project(y, x, kernel), kernel, 24, 32)
            torch.testing.assert_close(again, x, atol=1e-3, rtol=0, msg=kernel)

    def test_leaves_what_is_already_right(self):
        y = torch.rand(3, 48, 48)
        for kernel in KERNELS:
            x = reduce(y, kernel, 12, 12)
            torch.testing.assert_close(project(y, x, kernel), y, atol=1e-5, rtol=0, msg=kernel)


class Wear(unittest.TestCase):
    def setUp(self):
        rng = np.random.default_rng(4)
        soft = bicubic(torch.from_numpy(rng.uniform(30, 220, (3, 14, 16))).float(), 83, 90)
        self.picture = soft.round().clamp(0, 255)

    def test_stepwise_is_pillows_arithmetic(self):
        for kernel in ("box", "bilinear", "hamming", "bicubic", "lanczos"):
            ours = kernel_wear.reduced(self.picture[None], kernel, 27, 30, True)[0]
            theirs = reduced(self.picture.byte(), kernel, 27, 30, pillow=True).float()
            self.assertLess(float((ours != theirs).float().mean()), 0.002, kernel)

    def test_jpeg_is_close_to_a_files(self):
        grey = self.picture[:1].expand(3, -1, -1)
        for quality in (40, 75, 92):
            ours = kernel_wear.through_jpeg(grey[None, :1], quality)[0, 0]
            theirs = through_jpeg(grey.byte(), quality, False)[0].float()
            self.assertLess(float((ours - theirs).abs().mean()), 0.2, quality)

    def test_jpeg_block_grid_moves(self):
        plane = kernel_wear.luma(self.picture[None])
        moved = kernel_wear.through_jpeg(plane[..., 3:, 5:], 60, 3, 5)
        whole = kernel_wear.through_jpeg(plane, 60)[..., 3:, 5:]
        torch.testing.assert_close(moved[..., 5:, 3:], whole[..., 5:, 3:], atol=1, rtol=0)


class Batches(unittest.TestCase):
    def test_every_class_once_for_every_place(self):
        rng = np.random.default_rng(4)
        pictures = [torch.from_numpy(rng.integers(0, 256, (3, 200, 220), dtype=np.uint8))] * 3
        samples = Samples(pictures, pictures, 0.5, seed=1)
        for _ in range(20):
            x, classes = samples.batch(2, 2, 48)
            self.assertEqual(x.shape, (28, 1, 48, 48))
            self.assertEqual(classes.tolist(), [c for _ in range(2) for c in range(7) for _ in range(2)])
            self.assertGreaterEqual(float(x.min()), 0)
            self.assertLessEqual(float(x.max()), 1.0001)

    def test_a_class_holds_its_kernels_pictures(self):
        rng = np.random.default_rng(5)
        pictures = [torch.from_numpy(rng.integers(0, 256, (3, 200, 220), dtype=np.uint8))]
        samples = Samples(pictures, [], 0, seed=1)
        spread = torch.zeros(7)
        for _ in range(10):
            x, classes = samples.batch(1, 2, 48)
            for c in range(7):
                spread[c] += x[classes == c].var()
        # What a kernel leaves of white noise: the square of its weights' squares.
        left = torch.tensor([float(matrix(kernel, 96, 32).square().sum()) for kernel in KERNELS])
        told = [KERNELS.index(k) for k in ("box", "bilinear", "hamming", "bicubic", "lanczos")]
        self.assertEqual(spread[told].argsort().tolist(), left[told].argsort().tolist())

    def test_round_trips_keep_their_shape(self):
        pictures = [(torch.rand(3, 64, 72) * 255).byte()]
        found = round_trips(pictures, lambda x: bicubic(x, 64, 64), 3, seed=1, together=2)
        self.assertEqual([(p.dtype, tuple(p.shape)) for p in found], [(torch.uint8, (3, 64, 64))] * 3)


@unittest.skipUnless(HAS_RUNTIME, "needs the onnx and onnxruntime packages")
class Export(unittest.TestCase):
    def test_file_equals_network_up_to_half_precision(self):
        from training.kernel_export import export, load_onnx
        torch.manual_seed(3)
        net = KernelNet(channels=(8, 16, 24), blocks=(1, 1), hidden=16)
        with torch.no_grad():
            for _ in range(5):  # normalisation must have seen something
                net(torch.rand(4, 1, 96, 96))
        net.eval()
        with tempfile.TemporaryDirectory() as name:
            path = Path(name) / "net.onnx"
            export(net, path, temperature=2.0)
            run = load_onnx(path)
            for h, w in ((96, 96), (128, 128), (101, 150)):
                x = torch.rand(1, 3, h, w)
                with torch.no_grad():
                    wanted = net(kernel_wear.luma(x)).flatten(1) / 2
                torch.testing.assert_close(run(x), wanted, atol=1e-2, rtol=1e-2)
                self.assertEqual(run(x).shape, (1, len(CLASSES)))
            self.assertTrue(bool(run(torch.full((1, 3, 96, 96), 0.5)).isfinite().all()))


if __name__ == "__main__":
    unittest.main()
