"""The models that tests/parity/ncnn.py describes how to write: every layer in one of them.

    python -m tests.parity.ncnn_nets      # from the repository's root
"""
import torch
from torch.nn import functional as F

from .ncnn import Blob, Net, noise


def convolutions() -> None:
    n = Net("convolutions")
    a, b = n.split(n.input, 2)
    a = n.conv(a, 6, act=2, act_params=[0.1])
    a = n.conv(a, 6, kernel=(1, 5), act=1)
    a = n.conv(a, 6, dilation=(2, 1), act=3, act_params=[-0.5, 0.9])
    a = n.conv(a, 6, kernel=(2, 2), pad=(1, 0, 0, 1), act=5, value=0.25)
    a = n.conv(a, 6, groups=6, act=6, act_params=[0.2, 0.5])
    a = n.conv(a, 6, groups=3, kernel=(3, 1), act=4)
    a = n.conv(a, 6, kernel=(3, 3), stride=(2, 2), pad=-233)
    a = n.deconv(a, 6, 2, 2, act=2, act_params=[0.2])
    a = n.conv(a, 4, kernel=(2, 2), stride=(2, 2), pad=-234, bias=False)
    a = n.deconv(a, 4, 4, 2, 1, groups=4)
    a = n.deconv(a, 4, 3, 2, 1, 1, groups=2)
    b = n.conv(b, 4)
    b = n.deconv(b, 4, 4, 2, 1, act=1)
    n.save(n.conv(n.concat([a, b]), 3, kernel=(1, 1)), 2)


def pooling() -> None:
    n = Net("pooling")
    a, b, c, d, e, f, g, h = n.split(n.conv(n.input, 6), 8)
    a = n.add("Pooling", [a], F.max_pool2d(a.value, 3, 1, 1), {0: 0, 1: 3, 3: 1, 5: 1})
    b = n.add("Pooling", [b], F.avg_pool2d(b.value, 3, 1, 1, count_include_pad=False),
              {0: 1, 1: 3, 3: 1, 5: 1})
    c = n.add("Pooling", [c], F.avg_pool2d(c.value, 3, 1, 1), {0: 1, 1: 3, 3: 1, 5: 1, 6: 1})
    d = n.add("Pooling", [d], F.max_pool2d(d.value, 2, 2), {0: 0, 1: 2, 2: 2, 5: 0})
    d = n.deconv(d, 6, 2, 2)
    e, weights = n.split(e, 2)
    weights = n.add("Pooling", [weights], weights.value.mean((1, 2)), {0: 1, 4: 1})
    weights = n.linear(n.linear(weights, 2, act=1), 6, act=4)
    e = n.add("Scale", [e, weights], e.value * weights.value[:, None, None], {0: -233})
    f, weights = n.split(f, 2)
    weights = n.add("Pooling", [weights], weights.value.amax((1, 2), keepdim=True),
                    {0: 0, 7: 1, 8: 1})
    weights = n.conv(weights, 6, kernel=(1, 1), act=4)
    f = n.op(2, f, weights, f.value * weights.value)
    padded = F.pad(g.value[None], (0, 1, 0, 1), value=-1e9)[0]
    g = n.add("Pooling", [g], F.max_pool2d(padded, 2, 1), {0: 0, 1: 2, 5: 2})
    padded = F.pad(h.value, (0, 1, 0, 1))  # counts here
    h = n.add("Pooling", [h], F.avg_pool2d(padded, 2, 1), {0: 1, 1: 2, 5: 2})
    n.save(n.conv(n.concat([a, b, c, d, e, f, g, h]), 3, kernel=(1, 1)), 1, looks_everywhere=True)


def pointwise() -> None:
    n = Net("pointwise")
    x, *parts = n.split(n.conv(n.input, 4), 42)
    done = []

    def layer(kind, value, params=None, *raw):
        part = parts.pop()
        y = value(part.value)
        n.raw(*raw)
        done.append(n.add(kind, [part], y, params))

    four = [noise(4, size=0.3) for _ in range(4)]
    c = [v[:, None, None] for v in four]
    var = four[3].abs() + 0.5
    layer("ReLU", F.relu)
    layer("ReLU", lambda v: F.leaky_relu(v, 0.3), {0: 0.3})
    layer("PReLU", lambda v: F.prelu(v[None], four[0])[0], {0: 4}, four[0])
    layer("PReLU", lambda v: F.leaky_relu(v, float(four[0][0])), {0: 1}, four[0][:1])
    layer("Sigmoid", torch.sigmoid)
    layer("TanH", torch.tanh)
    layer("Swish", F.silu)
    layer("Mish", F.mish)
    layer("GELU", F.gelu)
    layer("GELU", lambda v: F.gelu(v, approximate="tanh"), {0: 1})
    layer("HardSwish", lambda v: v * (v / 6 + 0.5).clip(0, 1), {0: 1 / 6, 1: 0.5})
    layer("HardSigmoid", lambda v: (0.3 * v + 0.4).clip(0, 1), {0: 0.3, 1: 0.4})
    layer("ELU", lambda v: F.elu(v, 0.7), {0: 0.7})
    layer("SELU", F.selu)
    layer("CELU", lambda v: F.celu(v, 0.6), {0: 0.6})
    layer("Clip", lambda v: v.clip(-0.2, 0.3), {0: -0.2, 1: 0.3})
    layer("Softplus", F.softplus)
    layer("Erf", torch.erf)
    layer("AbsVal", torch.abs)
    layer("Dropout", lambda v: v * 0.8, {0: 0.8})
    layer("Noop", lambda v: v)
    layer("Power", lambda v: (v * 0.5 + 3) ** 1.5, {0: 1.5, 1: 0.5, 2: 3.0})
    layer("Exp", lambda v: torch.exp(v * 0.5 + 0.1), {0: -1.0, 1: 0.5, 2: 0.1})
    layer("Log", lambda v: torch.log(v * 0.1 + 3), {0: -1.0, 1: 0.1, 2: 3.0})
    layer("Scale", lambda v: v * c[0] + c[1], {0: 4, 1: 1}, four[0], four[1])
    layer("Bias", lambda v: v + c[2], {0: 4}, four[2])
    layer("BatchNorm", lambda v: c[0] * (v - c[1]) / (var[:, None, None] + 1e-3).sqrt() + c[2],
          {0: 4, 1: 1e-3}, four[0], four[1], var, four[2])
    for kind, op in [(0, torch.abs), (1, torch.neg), (4, torch.square), (9, torch.sin),
                     (10, torch.cos), (14, torch.atan), (16, torch.tanh)]:
        layer("UnaryOp", op, {0: kind})
    for kind, op in [(0, lambda v: v + 2), (2, lambda v: v * 2), (7, lambda v: 2 - v)]:
        layer("BinaryOp", op, {0: kind, 1: 1, 2: 2.0})
    while parts:
        done.append(parts.pop())
    y = n.conv(n.concat(done), 3, kernel=(1, 1))
    z = n.conv(x, 3)
    n.save(n.add("Eltwise", [y, z], 0.4 * y.value - 0.6 * z.value, {0: 1, 1: [0.4, -0.6]}), 1)


def binary_ops() -> None:
    """Operations on two blobs, and how blobs of fewer axes are lined up."""
    n = Net("binary-ops")
    a, b = [n.conv(x, 4, act=4) for x in n.split(n.input, 2)]
    a = n.add("BinaryOp", [a], a.value + 0.5, {0: 0, 1: 1, 2: 0.5})
    b = n.add("BinaryOp", [b], b.value + 0.5, {0: 0, 1: 1, 2: 0.5})
    ops = [torch.add, torch.sub, torch.mul, torch.div, torch.maximum, torch.minimum, torch.pow,
           lambda p, q: q - p, lambda p, q: q / p, lambda p, q: q ** p]
    lefts, rights = n.split(a, len(ops) + 10), n.split(b, len(ops) + 2)
    done = [n.op(i, lefts.pop(), rights.pop(), op(a.value, b.value)) for i, op in enumerate(ops)]
    for shape in [(4, 1, 1), (4,), (1,), (4, 1)]:
        other = n.memory(*shape)
        done.append(n.op(2, lefts.pop(), other, a.value * other.value.reshape(-1, 1, 1)))
    for shape, view in [((6,), (1, 1, 6)), ((4, 5), (4, 5, 1)), ((1, 5, 6), (1, 5, 6))]:
        block, other = n.memory(4, 5, 6), n.memory(*shape)
        y = n.op(2, block, other, block.value * other.value.reshape(view))
        y = n.add("Reduction", [y], y.value.mean((1, 2)), {0: 3, 1: 0, 3: [1, 2], 4: 0, 5: 1})
        done.append(n.op(0, lefts.pop(), y, a.value + y.value[:, None, None]))
    other = n.memory(4)
    done.append(n.op(1, other, lefts.pop(), other.value[:, None, None] - a.value))
    done.append(n.add("Eltwise", [lefts.pop(), rights.pop()], a.value * b.value, {0: 0}))
    done.append(n.add("Eltwise", [lefts.pop(), rights.pop()], torch.maximum(a.value, b.value),
                      {0: 2}))
    n.save(n.conv(n.concat(done), 3, kernel=(1, 1)), 1)


def shapes() -> None:
    n = Net("shapes")
    parts = n.split(n.conv(n.input, 6), 14)
    x = parts[0].value
    done = []
    p, q, r = n.add("Slice", [parts.pop()], [x[:1], x[1:3], x[3:]], {0: [1, 2, -233], 1: 0})
    done.append(n.concat([r, p, q]))
    p, q = n.add("Slice", [parts.pop()], [x[:4], x[4:]], {2: [4], 1: 0})
    done.append(n.concat([q, p]))
    ref = n.conv(parts.pop(), 6, pad=(0, 0, 0, 0))                       # one pixel less all round
    refs = n.split(ref, 3)
    back = [n.add("Crop", [parts.pop(), refs[0]], x[:, 1:-1, 1:-1], {0: 1, 1: 1}),
            n.add("Crop", [parts.pop()], x[:, 1:-1, 1:-1], {0: 1, 1: 1, 3: -233, 4: -233, 5: -233,
                                                            6: 1, 7: 1}),
            n.add("Crop", [parts.pop()], x[1:5, 1:-1, 1:-1], {9: [1, 1, 1], 10: [5, -1, -1],
                                                              11: [0, 1, 2]}),
            refs[1], refs[2]]
    ring = n.concat(back)
    done.append(n.add("Padding", [ring], F.pad(ring.value, (1, 1, 1, 1)), {0: 1, 1: 1, 2: 1, 3: 1}))
    y = n.add("Crop", [parts.pop()], x[2:5], {0: 0, 1: 0, 2: 2, 3: -233, 4: -233, 5: 3})
    done.append(y)
    y = n.add("Reshape", [parts.pop()], x.reshape(-1, 10), {0: 0, 1: -1})
    y = n.add("Permute", [y], y.value.T, {0: 1})
    y = n.add("BinaryOp", [y], y.value * 0.7, {0: 2, 1: 1, 2: 0.7})
    y = n.add("Permute", [y], y.value.T, {0: 1})
    done.append(n.add("Reshape", [y], y.value.reshape(6, 12, 10), {0: 0, 1: -1, 2: 6}))
    rows = n.memory(5, 6)
    rows = n.linear(rows, 6, act=1)
    rows = n.add("Reduction", [rows], rows.value.mean(0), {0: 3, 1: 0, 3: [0], 4: 0, 5: 1})
    here = parts.pop()
    done.append(n.op(0, here, rows, x + rows.value[:, None, None]))
    for kind, order in enumerate([(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1),
                                  (2, 1, 0)]):
        if kind not in (1, 3, 4):
            continue
        y = n.add("Permute", [parts.pop()], x.permute(order), {0: kind})
        y = n.add("BinaryOp", [y], y.value * 0.7, {0: 2, 1: 1, 2: 0.7})
        undo = {1: 1, 3: 4, 4: 3}[kind]
        inverse = [order.index(i) for i in range(3)]
        done.append(n.add("Permute", [y], y.value.permute(inverse), {0: undo}))
    m = n.memory(6, 1, 1)
    m = n.add("Squeeze", [m], m.value[:, 0, 0], {0: 1, 1: 1})
    m = n.add("ExpandDims", [m], m.value[:, None, None], {3: [1, 2]})
    m = n.add("Flatten", [m], m.value.flatten())
    m = n.add("Reshape", [m], m.value.reshape(6, 1, 1), {0: 1, 1: 1, 2: -1})
    y = parts.pop()
    done.append(n.op(0, y, m, y.value + m.value))
    while parts:
        done.append(parts.pop())
    n.save(n.conv(n.concat(done), 3, kernel=(1, 1)), 1)


def resolution() -> None:
    n = Net("resolution")
    a, b, c, d, e, f, g, h, i, j, k = n.split(n.conv(n.input, 8), 11)
    up = lambda v, **how: F.interpolate(v[None], **how)[0]
    done = [n.add("Interp", [a], up(a.value, scale_factor=2), {0: 1, 1: 2.0, 2: 2.0}),
            n.add("Interp", [b], up(b.value, scale_factor=2, mode="bilinear"),
                  {0: 2, 1: 2.0, 2: 2.0}),
            n.add("Interp", [c], up(c.value, scale_factor=2, mode="bicubic"),
                  {0: 3, 1: 2.0, 2: 2.0})]
    done[0], like, like2 = n.split(done[0], 3)
    done.append(n.add("Interp", [d, like], up(d.value, size=(24, 20), mode="bilinear"),
                      {0: 2, 5: 1}))
    half = n.add("Interp", [e], up(e.value, scale_factor=0.5, mode="bilinear"),
                 {0: 2, 1: 0.5, 2: 0.5})
    done.append(n.add("Interp", [half], up(half.value, scale_factor=4, mode="bilinear",
                                           align_corners=True), {0: 2, 1: 4.0, 2: 4.0, 6: 1}))
    done.append(n.add("PixelShuffle", [f], F.pixel_shuffle(f.value, 2), {0: 2}))
    dcr = g.value.reshape(2, 2, 2, 12, 10).permute(2, 3, 0, 4, 1).reshape(2, 24, 20)
    done.append(n.add("PixelShuffle", [g], dcr, {0: 2, 1: 1}))
    down = n.add("Reorg", [h], F.pixel_unshuffle(h.value, 2), {0: 2})
    done.append(n.add("PixelShuffle", [down], F.pixel_shuffle(down.value, 4), {0: 4}))
    blocks = i.value.reshape(8, 6, 2, 5, 2).permute(2, 4, 0, 1, 3).reshape(32, 6, 5)
    down = n.add("Reorg", [i], blocks, {0: 2, 1: 1})
    done.append(n.add("PixelShuffle", [down], F.pixel_shuffle(down.value, 4), {0: 4}))
    order = torch.arange(8).reshape(2, 4).T.flatten()
    y = n.add("ShuffleChannel", [j], j.value[order], {0: 2})
    y = n.add("Padding", [y], F.pad(y.value[None], (1, 1, 1, 1), mode="replicate")[0],
              {0: 1, 1: 1, 2: 1, 3: 1, 4: 1})
    y = n.add("Padding", [y], F.pad(y.value[None], (2, 1, 1, 2), mode="reflect")[0],
              {0: 1, 1: 2, 2: 2, 3: 1, 4: 2})
    y = n.add("Padding", [y], F.pad(y.value, (1, 0, 0, 1), value=0.5),
              {0: 0, 1: 1, 2: 1, 3: 0, 4: 0, 5: 0.5})
    each = noise(8)
    n.raw(each)
    level = each[:, None, None]
    y = n.add("Padding", [y], F.pad(y.value - level, (0, 1, 1, 0)) + level,
              {0: 1, 1: 0, 2: 0, 3: 1, 4: 0, 6: 8})
    y = n.conv(y, 8, kernel=(5, 5), pad=(0, 0, 0, 0))
    y = n.conv(y, 8, kernel=(4, 4), pad=(0, 0, 0, 0))
    done.append(n.add("PixelShuffle", [y], F.pixel_shuffle(y.value, 2), {0: 2}))
    one = n.add("Pooling", [k], k.value.mean((1, 2)), {0: 1, 4: 1})
    done.append(n.add("Interp", [one, like2], one.value[:, None, None].expand(8, 24, 20),
                      {0: 1, 5: 1}))
    n.save(n.conv(n.concat(done), 3, kernel=(1, 1)), 2, looks_everywhere=True)


def norms() -> None:
    n = Net("norms")
    parts = n.split(n.conv(n.input, 6), 16)
    x, done = parts[0].value, []
    gamma, beta = noise(6), noise(6)
    n.raw(gamma, beta)
    done.append(n.add("InstanceNorm", [parts.pop()],
                      F.instance_norm(x[None], weight=gamma, bias=beta, eps=1e-3)[0],
                      {0: 6, 1: 1e-3}))
    n.raw(gamma, beta)
    done.append(n.add("GroupNorm", [parts.pop()],
                      F.group_norm(x[None], 3, gamma, beta, 1e-3)[0], {0: 3, 1: 6, 2: 1e-3}))
    # Attention along each row of pixels.
    rows = n.add("Permute", [parts.pop()], x.permute(1, 2, 0), {0: 3})
    n.raw(gamma, beta)
    rows = n.add("LayerNorm", [rows], F.layer_norm(rows.value, (6,), gamma, beta, 1e-5),
                 {0: 6, 1: 1e-5})
    n.raw(gamma)
    rows = n.add("RMSNorm", [rows], F.rms_norm(rows.value, (6,), gamma, 1e-5), {0: 6, 1: 1e-5})
    q, k, v, rest = n.split(rows, 4)
    attention = n.add("MatMul", [q, k], q.value @ k.value.transpose(1, 2), {0: 1})
    attention = n.add("BinaryOp", [attention], attention.value * 0.4, {0: 2, 1: 1, 2: 0.4})
    attention = n.add("Softmax", [attention], attention.value.softmax(2), {0: 2, 1: 1})
    y = n.add("MatMul", [attention, v], attention.value @ v.value)
    y = n.op(0, y, rest, y.value + rest.value)
    done.append(n.add("Permute", [y], y.value.permute(2, 0, 1), {0: 4}))
    p, q = parts.pop(), parts.pop()
    flat = n.add("Reshape", [p], x.reshape(6, -1), {0: -1, 1: 6})
    flat = n.add("Reduction", [flat], flat.value.mean(1, keepdim=True),
                 {0: 3, 1: 0, 3: [1], 4: 1, 5: 1})
    done.append(n.op(1, q, flat, x - flat.value[:, :, None]))
    p = parts.pop()
    done.append(n.add("Softmax", [p], x.softmax(0), {0: 0, 1: 1}))
    for op, value in [(0, x.sum), (3, x.mean), (4, x.amax), (5, x.amin)]:
        p, q = parts.pop(), parts.pop()
        r = n.add("Reduction", [p], value((1, 2), keepdim=True) * (0.01 if op == 0 else 1.0),
                  {0: op, 1: 0, 2: 0.01 if op == 0 else 1.0, 3: [1, 2], 4: 1, 5: 1})
        done.append(n.op(2, q, r, q.value * r.value))
    p = parts.pop()
    r = n.add("Reduction", [p], x.mean(0), {0: 3, 1: 0, 3: [0], 4: 0, 5: 1})
    done.append(n.add("ExpandDims", [r], r.value[None], {3: [0]}))
    while parts:
        done.append(parts.pop())
    n.save(n.conv(n.concat(done), 3, kernel=(1, 1)), 1, looks_everywhere=True)


def storage() -> None:
    """The network of realesr-animevideov3 in small, in every way weights and graphs are stored."""
    for name, how, scales, binary in [("f32", "f32", 0, False), ("f16", "f16", 0, False),
                                      ("int8", "f32", 1, False), ("table", "table", 0, False),
                                      ("binary", "f16", 0, True)]:
        n = Net("stored-" + name, storage=how, height=7, width=9)
        x, skip = n.split(n.input, 2)
        for _ in range(2):
            x = n.conv(x, 5, scales=5 if scales else 0)
            slopes = noise(5, size=0.2)
            n.raw(slopes)
            x = n.add("PReLU", [x], F.prelu(x.value[None], slopes)[0], {0: 5})
        if scales:
            x = n.conv(x, 5, groups=5, scales=5)
            x = n.conv(x, 5, groups=5, scales=1)
        x = n.conv(x, 27, scales=27 if scales else 0)
        x = n.add("PixelShuffle", [x], F.pixel_shuffle(x.value, 3), {0: 3})
        skip = n.add("Interp", [skip], F.interpolate(skip.value[None], scale_factor=3)[0],
                     {0: 1, 1: 3.0, 2: 3.0})
        n.save(n.op(0, x, skip, x.value + skip.value), 3, binary=binary)


def shrinking() -> None:
    """Networks without padding, as waifu2x's: the graph gets a repeated border."""
    n = Net("shrinking-x2", border=3)
    none = (0, 0, 0, 0)
    x = n.conv(n.input, 6, pad=none, act=2, act_params=[0.1])
    x = n.conv(x, 6, pad=none, act=2, act_params=[0.1])
    x = n.deconv(x, 3, 4, 2, 3)
    n.save(x, 2)
    n = Net("shrinking-unet", border=8)
    x = n.conv(n.input, 4, pad=none, act=1)
    x, skip = n.split(x, 2)
    x = n.conv(x, 4, kernel=(2, 2), stride=(2, 2), pad=none)
    x = n.conv(x, 6, pad=none, act=1)
    x, gate = n.split(x, 2)
    gate = n.add("Pooling", [gate], gate.value.mean((1, 2)), {0: 1, 4: 1})
    gate = n.linear(gate, 6, act=4)
    x = n.add("Scale", [x, gate], x.value * gate.value[:, None, None], {0: -233})
    x = n.deconv(x, 4, 2, 2)
    x, like = n.split(x, 2)
    skip = n.add("Crop", [skip, like], skip.value[:, 2:-2, 2:-2], {0: 2, 1: 2})
    x = n.add("Eltwise", [skip, x], skip.value + x.value, {0: 1})
    for _ in range(2):
        x = n.conv(x, 4, pad=none, act=1)
    x = n.conv(x, 4, kernel=(7, 7), pad=none)
    n.save(n.conv(x, 3, kernel=(1, 1)), 1, looks_everywhere=True)


if __name__ == "__main__":
    for write in [convolutions, pooling, pointwise, binary_ops, shapes, resolution, norms, storage,
                  shrinking]:
        write()
