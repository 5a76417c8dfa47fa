"""Pairs to learn cleaning from, the network, and the exported file."""
import importlib.util
import tempfile
import unittest
from pathlib import Path

import torch

from training.clean_net import CONDITIONS, Clean, export
from training.clean_samples import Pairs, told
from training.damage_samples import Damage

HAS_RUNTIME = all(importlib.util.find_spec(name) for name in ("onnx", "onnxruntime"))


class Samples(unittest.TestCase):
    def test_pairs_are_bytes_of_one_place(self):
        pictures = [torch.randint(0, 255, (3, 300, 280), dtype=torch.uint8)]
        for seed in range(12):
            x, y, done = Pairs(pictures, seed).pair(64)
            self.assertEqual((x.shape, y.shape), ((1, 3, 64, 64),) * 2)
            self.assertTrue(0 <= x.min() and x.max() <= 255 and bool((x == x.round()).all()))
            if done == Damage():
                self.assertTrue(bool((x == y).all()))
            again = Pairs(pictures, seed).pair(64)[2]
            self.assertEqual(done, again)

    def test_what_is_told_follows_the_damage(self):
        self.assertEqual(told(Damage()).tolist(), [0] * len(CONDITIONS))
        found = told(Damage(resolution=0.4, luma=10, chroma=5, quality=60))
        for value, wanted in zip(found.tolist(), (0.4, 0.2, 0.5, 0.6)):
            self.assertAlmostEqual(value, wanted, places=5)


class Network(unittest.TestCase):
    def test_sees_no_farther_than_its_halo(self):
        torch.manual_seed(1)
        net = Clean(8, 2).double()
        x = torch.rand(1, 3, 64, 64, dtype=torch.float64)
        y = x.clone()
        y[..., 32, 32] += 1
        off = (net(x, torch.zeros(1, 4).double()) - net(y, torch.zeros(1, 4).double())).abs().amax((0, 1))
        seen = torch.nonzero(off > 1e-12)
        self.assertLessEqual(int((seen - 32).abs().max()), net.halo)

    def test_conditions_matter(self):
        torch.manual_seed(1)
        net, x = Clean(8, 2), torch.rand(1, 3, 32, 32)
        self.assertGreater(float((net(x, torch.zeros(1, 4)) - net(x, torch.ones(1, 4))).abs().max()), 1e-4)

    @unittest.skipUnless(HAS_RUNTIME, "needs onnx and onnxruntime")
    def test_export_equals_pytorch(self):
        import onnx
        import onnxruntime
        from onnx import numpy_helper
        torch.manual_seed(1)
        net = Clean(8, 2).eval()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "clean.onnx"
            export(net, path)
            model = onnx.load(str(path))
            conditions = torch.tensor([[0.3, 0.1, 0.5, 0.2]])
            for i, one in enumerate(model.graph.initializer):
                if one.name == "condition":
                    model.graph.initializer[i].CopyFrom(numpy_helper.from_array(conditions.numpy(), "condition"))
            session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
        for height, width in ((32, 48), (64, 34)):
            x = torch.rand(1, 3, height, width)
            (found,) = session.run(None, {"input": x.numpy()})
            with torch.no_grad():
                wanted = net.difference(x, conditions)
            self.assertLess(float((torch.from_numpy(found) - wanted).abs().max()), 2e-3)  # half precision


if __name__ == "__main__":
    unittest.main()
