"""The reductions, the projection onto them, and the network that tells them apart.

    python -m unittest discover -s training/tests -t .
"""
import importlib.util
import io
import tempfile
import unittest
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.reduction import KERNELS, matrix, project, reduce
from training.resample import bicubic
from training.shrink_net import ShrinkNet, export, read_weights
from training.shrink_samples import CLASSES, Samples, jpeg, reduced

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
        picture = soft.round().clamp(0, 255)
        image = Image.fromarray(picture.byte().permute(1, 2, 0).numpy())
        for name in ("box", "bilinear", "hamming", "bicubic", "lanczos"):
            theirs = np.array(image.resize((16, 16), getattr(Image.Resampling, name.upper())))
            theirs = torch.from_numpy(theirs).permute(2, 0, 1).float()
            ours = reduced(picture[None], name, 16, True)[0]
            self.assertLessEqual(float((ours - theirs).abs().max()), 1, name)


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


class MadeSmall(unittest.TestCase):
    def test_every_class_of_every_place(self):
        torch.manual_seed(3)
        pictures = [torch.randint(0, 256, (3, 520, 530), dtype=torch.uint8) for _ in range(2)]
        samples = Samples(pictures, [pictures[0]], 0.5, 1)
        for _ in range(6):
            x, classes = samples.group(2, 96)
            self.assertEqual(x.shape, (2 * len(CLASSES), 3, 96, 96))
            self.assertEqual(classes.bincount().tolist(), [2] * len(CLASSES))
            self.assertTrue(bool((x == x.round()).all()) and 0 <= float(x.min()) and float(x.max()) <= 255)

    def test_compression_is_close_to_the_library(self):
        soft = bicubic(torch.rand(3, 12, 12) * 200 + 20, 96, 96).round().clamp(0, 255)
        for quality, halved in ((95, False), (75, True)):
            file = io.BytesIO()
            Image.fromarray(soft.byte().permute(1, 2, 0).numpy()).save(
                file, "JPEG", quality=quality, subsampling=2 if halved else 0)
            theirs = torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1).float()
            self.assertLess(float((jpeg(soft[None], quality, halved)[0] - theirs).abs().mean()), 1.5)

    def test_flat_survives_compression(self):
        flat = torch.full((1, 3, 40, 40), 128.0)
        self.assertLessEqual(float((jpeg(flat, 80, True, 3) - flat).abs().max()), 1)


class Export(unittest.TestCase):
    @unittest.skipUnless(HAS_RUNTIME, "onnx and onnxruntime are not installed")
    def test_the_file_gives_what_the_network_gives(self):
        import onnxruntime
        torch.manual_seed(4)
        net = ShrinkNet((8, 12), (1, 1), 16).eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "net.onnx"
            export(net, path, CLASSES)
            session = onnxruntime.InferenceSession(str(path))
            for size in ((96, 96), (128, 112)):
                x = torch.rand(1, 3, *size)
                found = session.run(None, {"input": x.numpy()})[0]
                self.assertEqual(found.shape, (1, len(CLASSES), 1, 1))
                with torch.no_grad():
                    wanted = net.answer(x).numpy()
                np.testing.assert_allclose(found, wanted, atol=0.02)
            again = ShrinkNet((8, 12), (1, 1), 16).eval()
            read_weights(path, again)
            with torch.no_grad():
                np.testing.assert_allclose(again.answer(x).numpy(), wanted, atol=0.02)


@unittest.skipUnless(HAS_RUNTIME, "needs onnx and onnxruntime")
class Head(unittest.TestCase):
    def test_the_shipped_network_learns_another_answer(self):
        import onnxruntime
        from training import shrink_head
        picture = np.random.default_rng(4).random((1, 3, 96, 96), np.float32)
        pooled = shrink_head.convolutions().run(None, {"input": picture})[0].reshape(-1)
        noise = np.random.default_rng(5).normal(size=(700, len(pooled))).astype(np.float32)
        classes = np.arange(700) % len(CLASSES)
        # Whatever looks like this picture is of class 4.
        features = np.where((classes == 4)[:, None], pooled + 0.01 * noise, 0.5 * noise)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            np.savez(folder / "bank-1.npz", features=features, classes=classes, groups=np.arange(700) // 7)
            shrink_head.fit(folder, steps=150)
            session = onnxruntime.InferenceSession(str(folder / "reduction-kernel.onnx"))
            self.assertEqual(int(session.run(None, {"input": picture})[0].argmax()), 4)


if __name__ == "__main__":
    unittest.main()
