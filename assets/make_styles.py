#!/usr/bin/env python3
"""Paint the four bundled style pictures of Impasto.

The pictures are made from nothing but seeded random numbers and a handful of
hand-chosen palettes; no photograph or existing artwork is read or imitated.
The same versions of NumPy, SciPy and Pillow give the same files every time.

    swirl.jpg    thick curved oil strokes in a vortex field: blues, yellow, cream
    mosaic.jpg   stained glass: jewel colours between dark lead lines
    woodcut.jpg  three-ink woodcut: hatching that follows the forms
    embers.jpg   palette knife: angular slabs, warm reds and ochres, teal accents

Run (needs numpy, scipy, pillow):

    python3 assets/make_styles.py                 # all four, beside this script
    python3 assets/make_styles.py swirl embers    # only these
    python3 assets/make_styles.py --out DIR       # somewhere else

How the oil pictures work: every stroke is traced through a flow field, then
laid down as a ribbon of bristle lines, each with its own tone, start and end.
A height map is kept beside the colours; at the end it is lit from the upper
left, which gives the ridges of thick paint.  All work is done at twice the
final size and reduced at the end.
"""

import argparse
import os

import numpy as np
from PIL import Image, ImageFile
from scipy import ndimage as ndi
from scipy.spatial import cKDTree

ImageFile.MAXBLOCK = 1 << 23   # room for optimize=True on busy pictures

SIZE = 768          # final picture, pixels
SS = 2              # supersampling
N = SIZE * SS       # working canvas, pixels


# ---------------------------------------------------------------- helpers

def hexrgb(s):
    return np.array([int(s[i:i + 2], 16) for i in (0, 2, 4)], np.float32) / 255.0


def ramp(stops, t):
    """Piecewise linear palette.  stops: [(position, 'rrggbb'), ...]."""
    pos = np.array([p for p, _ in stops], np.float32)
    col = np.stack([hexrgb(c) for _, c in stops])
    t = np.clip(t, pos[0], pos[-1])
    return np.stack([np.interp(t, pos, col[:, k]) for k in range(3)], -1).astype(np.float32)


def unit(a):
    a = a - a.mean()
    return a / (a.std() + 1e-9)


def rank01(a):
    """Equalise a map to the uniform distribution on 0..1."""
    flat = a.ravel()
    r = np.empty(flat.size, np.float32)
    r[np.argsort(flat, kind="stable")] = np.linspace(0, 1, flat.size, dtype=np.float32)
    return r.reshape(a.shape)


def noise(rng, n, sigma):
    """Smooth noise with unit variance; sigma in pixels of an n x n grid."""
    k = max(1, int(sigma / 3))
    m = n // k + 2
    a = ndi.gaussian_filter(rng.standard_normal((m, m)), sigma / k, mode="wrap")
    if k > 1:
        a = ndi.zoom(a, k, order=1)
    return unit(a[:n, :n]).astype(np.float32)


def smooth(a, b, x):
    t = np.clip((x - a) / (b - a), 0, 1)
    return t * t * (3 - 2 * t)


def grid(n):
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    return (x + 0.5) / n, (y + 0.5) / n


def save(rgb, path):
    """Reduce to SIZE and write the best JPEG that stays below 690 kB."""
    im = Image.fromarray((np.clip(rgb, 0, 1) * 255 + 0.5).astype(np.uint8))
    if im.size != (SIZE, SIZE):
        im = im.resize((SIZE, SIZE), Image.LANCZOS)
    for q in (94, 92, 90, 88, 86, 84, 82):
        im.save(path, quality=q, subsampling=0, optimize=True)
        if os.path.getsize(path) <= 690_000:
            break
    print(f"{os.path.basename(path)}: quality {q}, {os.path.getsize(path)} bytes")


# ------------------------------------------------------------ brush engine

class Easel:
    """A canvas with colour and paint height, and a bristle brush."""

    def __init__(self, rng, ground):
        self.rng = rng
        self.rgb = np.empty((N, N, 3), np.float32)
        self.rgb[:] = ground
        self.h = np.zeros((N, N), np.float32)
        # Bank of streaks (across, along) from which each stroke takes a crop.
        raw = rng.standard_normal((700, 2400))
        fine = ndi.gaussian_filter(raw, (0.8, 26), mode="wrap")
        wide = ndi.gaussian_filter(rng.standard_normal((700, 2400)), (3.0, 60), mode="wrap")
        self.bank = (unit(fine) * 0.8 + unit(wide) * 0.6).astype(np.float32)
        # The knife leaves broad marbling and only a few scratches.
        marble = unit(ndi.gaussian_filter(rng.standard_normal((700, 2400)), (9, 48), mode="wrap"))
        scratch = np.clip(np.abs(unit(fine)) - 1.7, 0, 2) * np.sign(fine)
        self.knife = (unit(marble) * 0.8 + scratch * 0.7 + unit(wide) * 0.22).astype(np.float32)

    def trace(self, seeds, field, steps, ds):
        """Follow field (2, n, n), x right and y down, from seeds in pixels.

        Returns (steps, strokes, 2), the seed being in the middle."""
        n = field.shape[1]
        half = steps // 2
        runs = []
        for sign in (-1.0, 1.0):
            p = seeds.copy()
            run = []
            for _ in range(half):
                g = np.clip((p * (n / N)).astype(int), 0, n - 1)
                v = field[:, g[:, 1], g[:, 0]].T
                p = p + sign * ds * v
                run.append(p)
            runs.append(run)
        return np.array(runs[0][::-1] + [seeds] + runs[1], np.float32)

    def stroke(self, path, width, col, col2, tone=0.10, dry=0.35, body=1.0,
               flat=False, taper=True):
        """One stroke along path (k, 2); width in working pixels."""
        rng = self.rng
        seg = np.hypot(*np.diff(path, axis=0).T)
        dist = np.concatenate([[0], np.cumsum(seg)])
        length = dist[-1]
        ns = int(length / 0.68) + 2
        nv = int(width / 0.68) + 2
        if ns < 6 or ns > 2300 or nv > 680:
            return
        s = np.linspace(0, 1, ns, dtype=np.float32)
        px = np.interp(s * length, dist, path[:, 0])
        py = np.interp(s * length, dist, path[:, 1])
        tx, ty = np.gradient(px), np.gradient(py)
        tl = np.hypot(tx, ty) + 1e-6
        tx, ty = tx / tl, ty / tl
        v = np.linspace(-1, 1, nv, dtype=np.float32)

        if flat:
            w = (1 + rng.uniform(-0.28, 0.28) * (s - 0.5) * 2).astype(np.float32)
        else:
            press = 1 + 0.12 * np.sin(s * rng.uniform(3, 9) + rng.uniform(0, 6))
            w = press * (np.minimum(1, (s / 0.10 + 0.25)) if taper else 1)
            w = w * np.sqrt(np.clip((1.03 - s) / 0.30, 0.10, 1))
        off = v[:, None] * (w * width * 0.5)[None]
        ix = (px[None] - ty[None] * off).astype(np.int32)
        iy = (py[None] + tx[None] * off).astype(np.int32)

        a = rng.integers(0, self.bank.shape[0] - nv)
        b = rng.integers(0, self.bank.shape[1] - ns)
        streak = (self.knife if flat else self.bank)[a:a + nv, b:b + ns]

        # Bristles: piecewise tone across the stroke, ragged starts and ends.
        nb = max(4, int(width / (2.6 * SS)))
        k = np.minimum(((v + 1) * 0.5 * nb).astype(int), nb - 1)
        fr = (v + 1) * 0.5 * nb - k
        btone = rng.standard_normal(nb).astype(np.float32)[k]
        lo = rng.uniform(0, 0.07, nb).astype(np.float32)[k]
        hi = 1 - rng.uniform(0, 0.16, nb).astype(np.float32)[k]
        if flat:
            # Slanted ends, nearly straight; tone drifts instead of stepping.
            sl = min(0.22, 0.30 * width / length)
            rag = ndi.gaussian_filter1d(rng.standard_normal((2, nv)), 0.05 * nv + 1, axis=1)
            rag = rag / (rag.std() + 1e-6) * min(0.05, 4 * SS / length)
            lo = np.clip(sl + rng.uniform(-1, 1) * sl * v + rag[0], 0, 1)
            hi = 1 - np.clip(sl + rng.uniform(-1, 1) * sl * v + rag[1], 0, 1)
            btone = ndi.gaussian_filter1d(btone, 0.16 * nv) * 1.8
        keep = (s[None] >= lo[:, None]) & (s[None] <= hi[:, None])
        # The brush runs dry towards its end.
        thr = -2.6 + 2.6 * dry * np.clip((s - 0.35) / 0.65, 0, 1) ** 1.5 / 0.5
        keep &= streak > thr[None]
        keep &= (ix >= 0) & (iy >= 0) & (ix < N) & (iy < N)

        mix = smooth(-0.5, 1.3, btone[:, None] * 0.8 + streak * 0.6)[..., None]
        rgb = col * (1 - mix) + col2 * mix
        shade = 1 + tone * (0.55 * btone[:, None] + 0.6 * streak)
        rgb = rgb * shade[..., None]

        groove = 0.5 - 0.5 * np.cos(2 * np.pi * fr)
        if flat:
            edge = np.exp(-((1 - np.abs(v)) * width * 0.5 / (2.6 * SS))) * 1.5 + 0.25 * v * rng.choice([-1, 1])
            end = np.exp(-np.abs(hi[:, None] - s[None]) * length / (3.5 * SS)) * 1.7
            hh = 1.0 + edge[:, None] + end + 0.16 * streak
        else:
            dome = np.sqrt(np.clip(1 - v * v, 0, 1))
            rim = np.exp(-((np.abs(v) - 0.86) / 0.10) ** 2) * 0.55
            end = np.exp(-(1 - s) * length / (4 * SS)) * 0.6
            hh = (0.55 * dome + rim + 0.38 * groove)[:, None] + end[None] + 0.22 * streak
        ix, iy = ix[keep], iy[keep]
        self.rgb[iy, ix] = rgb[keep]
        self.h[iy, ix] = self.h[iy, ix] * 0.45 + body * hh[keep]

    def light(self, depth=1.0, weave=0.0, gloss=0.16):
        """Shade the colours by the height map, lit from the upper left."""
        h = self.h
        if weave:
            y, x = np.mgrid[0:N, 0:N].astype(np.float32)
            p = 2 * np.pi / (3.4 * SS)
            wv = np.sin(x * p) * np.sin(y * p)
            h = h + weave * wv * np.exp(-np.clip(h, 0, None) * 0.5)
        fine = ndi.gaussian_filter(h, 0.55 * SS)
        broad = ndi.gaussian_filter(h, 2.4 * SS)
        gx = ndi.sobel(fine, 1) * 0.75 + ndi.sobel(broad, 1) * 1.1
        gy = ndi.sobel(fine, 0) * 0.75 + ndi.sobel(broad, 0) * 1.1
        gx, gy = gx * 0.30 * depth, gy * 0.30 * depth
        inv = 1 / np.sqrt(gx * gx + gy * gy + 1)
        lx, ly, lz = -0.52, -0.58, 0.63
        diff = (-gx * lx - gy * ly + lz) * inv / lz
        hx, hy, hz = lx / 1.8, ly / 1.8, 0.905
        spec = np.clip((-gx * hx - gy * hy + hz) * inv, 0, 1) ** 40
        flat = hz ** 40
        hollow = np.clip(ndi.gaussian_filter(h, 5 * SS) - fine, 0, 1.2)
        k = np.clip(0.30 + 0.70 * diff, 0.35, 1.45) * (1 - 0.22 * hollow)
        out = self.rgb * k[..., None]
        out += (gloss * np.clip(spec - flat, 0, 1))[..., None] * np.array([1, .98, .92], np.float32)
        return out


def vary(rng, col, amount):
    """Hand-mixed paint: shift brightness and each channel a little."""
    col = col * (1 + amount * rng.standard_normal((len(col), 1)))
    return np.clip(col + 0.35 * amount * rng.standard_normal(col.shape), 0, 1).astype(np.float32)


def lic(src, field, steps, step=1.0):
    """Smear src along field: ribbons of value that follow the flow."""
    n = src.shape[0]
    y, x = np.mgrid[0:n, 0:n].astype(np.float32)
    acc = src.copy()
    for sign in (-1, 1):
        qx, qy = x.copy(), y.copy()
        for _ in range(steps):
            jx = np.clip(qx, 0, n - 1).astype(int)
            jy = np.clip(qy, 0, n - 1).astype(int)
            vx, vy = field[0][jy, jx], field[1][jy, jx]
            qx += sign * step * vx
            qy += sign * step * vy
            acc += src[np.clip(qy, 0, n - 1).astype(int), np.clip(qx, 0, n - 1).astype(int)]
    return unit(acc)


# ------------------------------------------------------------------- swirl

def swirl(path):
    rng = np.random.default_rng(20240611)
    n = 512
    x, y = grid(n)

    # x, y, radius, turn (sign = direction), glow
    vort = [
        (0.30, 0.34, 0.150, +1.00, 0.55), (0.69, 0.55, 0.190, -1.10, 0.75),
        (0.17, 0.80, 0.110, -0.85, 0.60), (0.83, 0.17, 0.095, +0.90, 1.00),
        (0.47, 0.88, 0.085, +0.80, 0.95), (0.92, 0.86, 0.090, +0.85, 0.55),
        (0.52, 0.12, 0.070, -0.80, 1.00), (0.08, 0.13, 0.080, -0.80, 0.80),
        (0.05, 0.52, 0.060, +0.75, 0.90), (0.41, 0.585, 0.050, +1.00, 0.95),
        (0.97, 0.44, 0.060, +0.70, 0.95), (0.715, 0.925, 0.050, -1.10, 1.00),
    ]
    vx = 0.55 + 0.20 * np.cos(7 * y + 2)
    vy = 0.42 * np.sin(2 * np.pi * (0.95 * x + 0.25 * y) + 0.7)
    n1, n2 = noise(rng, n, 42), noise(rng, n, 42)
    vx, vy = vx + 0.16 * n1, vy + 0.16 * n2
    glow = np.zeros((n, n), np.float32)
    for cx, cy, r, turn, g in vort:
        dx, dy = x - cx, y - cy
        d = np.hypot(dx, dy) + 1e-4
        infl = 3.4 * turn * np.exp(-(d / (1.55 * r)) ** 2)
        # The core quiets every other current, so that its strokes stay round.
        calm = 1 - np.exp(-(d / (0.95 * r)) ** 2)
        vx = vx * calm + infl * (-dy / d - 0.16 * np.sign(turn) * dx / d)
        vy = vy * calm + infl * (dx / d - 0.16 * np.sign(turn) * dy / d)
        ang = np.arctan2(dy, dx)
        # A spiral of light that winds outwards from the core.
        arm = 0.5 + 0.5 * np.cos(np.sign(turn) * ang * 2 + d / r * 5.5)
        core = np.exp(-(d / (0.36 * r)) ** 2)
        halo = np.exp(-(d / (1.05 * r)) ** 2)
        glow = np.maximum(glow, g * (0.95 * core + halo * (0.22 + 0.58 * arm)))
    mag = np.hypot(vx, vy) + 1e-6
    field = np.stack([vx / mag, vy / mag]).astype(np.float32)

    ribbons = rank01(lic(noise(rng, n, 9), field, 60) + 0.55 * noise(rng, n, 60))
    thin = unit(lic(noise(rng, n, 4.0), field, 40))
    value = 0.06 + 0.62 * ribbons ** 1.35 + 0.035 * thin
    value = value * (1 - 0.75 * np.clip(glow, 0, 1)) + glow * (0.93 + 0.05 * thin)
    value = np.clip(value, 0, 1)

    pal = [(0.00, "0a1030"), (0.10, "0e1b4d"), (0.24, "14307f"), (0.38, "1d4eb0"),
           (0.50, "2f74c4"), (0.60, "5fa3cf"), (0.68, "9cc9c6"), (0.76, "e6e3bd"),
           (0.85, "f9d867"), (0.93, "f6b722"), (1.00, "e2830f")]

    e = Easel(rng, hexrgb("0d1a3f"))

    def layer(width, length, cover, jitter, pick=None, shift=0.0, tone=0.12, body=1.0, dry=0.35):
        count = int(cover * SIZE * SIZE / (width * length))
        seeds = rng.uniform(-0.03, 1.03, (count * (4 if pick is not None else 1), 2))
        g = np.clip((seeds * n).astype(int), 0, n - 1)
        if pick is not None:
            ok = rng.uniform(size=len(seeds)) < pick[g[:, 1], g[:, 0]]
            seeds, g = seeds[ok][:count], g[ok][:count]
        val = value[g[:, 1], g[:, 0]] + jitter * rng.standard_normal(len(seeds)) + shift
        c1 = vary(rng, ramp(pal, val), 0.07)
        c2 = vary(rng, ramp(pal, val + rng.choice([-1, 1], len(seeds)) * rng.uniform(0.05, 0.13, len(seeds))), 0.05)
        # A little violet, viridian and ochre keeps the blues alive.
        odd = rng.uniform(size=len(seeds))
        for lo, hi, c, k in ((0.00, 0.05, "47388f", .6), (0.05, 0.10, "1f7f86", .6), (0.10, 0.125, "b8803a", .65)):
            m = (odd >= lo) & (odd < hi) & (val < 0.6)
            c1[m] = c1[m] * (1 - k) + hexrgb(c) * k
        steps = 13
        paths = e.trace((seeds * N).astype(np.float32), field, steps * 2, length * SS / (steps * 2))
        for i in range(len(seeds)):
            j = rng.uniform(0.65, 1.0)
            m = int(paths.shape[0] * j)
            st = rng.integers(0, paths.shape[0] - m + 1)
            e.stroke(paths[st:st + m, i], width * SS * rng.uniform(0.7, 1.25), c1[i], c2[i],
                     tone=tone, dry=dry, body=body)

    layer(40, 240, 4.0, 0.05, shift=-0.06, body=0.8)
    layer(21, 150, 2.6, 0.06, body=1.0)
    layer(13, 105, 2.4, 0.07, body=1.1)
    gx, gy = ndi.sobel(value, 1), ndi.sobel(value, 0)
    busy = np.clip(rank01(ndi.gaussian_filter(np.hypot(gx, gy), 4)) ** 2 + glow, 0, 1)
    layer(8.5, 70, 1.3, 0.07, pick=busy, shift=0.02, body=1.2)
    # Loaded accents: broken light, and dark lines that carve the rhythm.
    # A dab of thick paint closes every core.
    for cx, cy, r, turn, g in vort:
        for k in range(int(260 * r)):
            a0, rad = rng.uniform(0, 2 * np.pi), r * SIZE * SS * 0.20 * np.sqrt(rng.uniform())
            t = a0 + np.sign(turn) * np.linspace(0, rng.uniform(0.9, 2.0), 12)
            p = np.stack([cx * N + rad * np.cos(t), cy * N + rad * np.sin(t)], 1)
            p += np.linspace(-5, 5, 12)[:, None] * SS * np.array([-np.sin(a0), np.cos(a0)])
            v0 = rng.uniform(0.80, 0.98)
            e.stroke(p.astype(np.float32), rng.uniform(6, 11) * SS, ramp(pal, np.array(v0)),
                     ramp(pal, np.array(v0 - 0.10)), body=1.5)
    layer(6.5, 52, 0.30, 0.05, pick=np.clip(glow * 1.1 + 0.05, 0, 1), shift=0.10, body=1.6, tone=0.08)
    layer(5.5, 80, 0.22, 0.04, pick=0.25 + 0.75 * (1 - ribbons) ** 2, shift=-0.24, body=1.0)
    layer(5.5, 60, 0.20, 0.05, pick=0.15 + 0.85 * ribbons ** 2, shift=0.17, body=1.5)
    # One last loaded touch on each core.
    for cx, cy, r, turn, g in vort:
        t = rng.uniform(0, 2 * np.pi) + np.sign(turn) * np.linspace(0, 2.4, 12)
        rad = r * SIZE * SS * 0.045
        p = np.stack([cx * N + rad * np.cos(t), cy * N + rad * np.sin(t)], 1)
        v0 = rng.uniform(0.76, 0.90)
        e.stroke(p.astype(np.float32), (5 + 45 * r) * SS, ramp(pal, np.array(v0)),
                 ramp(pal, np.array(v0 + 0.07)), body=1.7, dry=0.1)
    save(e.light(depth=1.0, weave=0.10), path)


# ------------------------------------------------------------------ embers

def embers(path):
    rng = np.random.default_rng(77031)
    n = 512
    x, y = grid(n)
    # Broad directions: facets of the picture each have their own knife angle.
    pts = rng.uniform(0, 1, (26, 2))
    wob = np.stack([noise(rng, n, 40), noise(rng, n, 40)], -1) * 0.03
    _, cell = cKDTree(pts).query(np.stack([x, y], -1) + wob)
    ang = rng.choice(np.deg2rad([-62, -38, -20, 18, 40, 68, 96]), 26) + rng.normal(0, 0.12, 26)
    angle = ang[cell] + 0.20 * noise(rng, n, 60)
    # A diagonal rift of light through dark, burnt slabs.
    rift = (y - 0.92 + 0.85 * x + 0.05 * noise(rng, n, 50))
    heat = 0.95 * np.exp(-(rift / 0.16) ** 2) + 0.35 * np.exp(-((rift + 0.42) / 0.12) ** 2) \
        + 0.40 * np.exp(-((rift - 0.46) / 0.13) ** 2)
    facet = rng.normal(0, 0.15, 26)[cell]
    value = np.clip(0.14 + 0.72 * heat + facet + 0.09 * noise(rng, n, 26), 0, 1)
    pal = [(0.00, "1d0d10"), (0.12, "3d0f14"), (0.26, "7a1512"), (0.40, "b32412"),
           (0.54, "d9461a"), (0.66, "e9762a"), (0.77, "e9a13b"), (0.88, "f3cd78"), (1.00, "faecc8")]
    teal = [(0.0, "0b2e35"), (0.4, "12606a"), (0.75, "2f9c9a"), (1.0, "a9d8c8")]
    cool = rank01(noise(rng, n, 34) - 0.8 * unit(heat))
    e = Easel(rng, hexrgb("4a1512"))

    def layer(width, length, cover, jitter, coolness, body, shift=0.0, spread=0.22, dry=0.25):
        count = int(cover * SIZE * SIZE / (width * length))
        seeds = rng.uniform(-0.03, 1.03, (count, 2))
        g = np.clip((seeds * n).astype(int), 0, n - 1)
        val = value[g[:, 1], g[:, 0]] + jitter * rng.standard_normal(count) + shift
        far = rng.choice([-1, 1], count) * rng.uniform(0.08, 0.26, count)
        c1, c2 = vary(rng, ramp(pal, val), 0.06), vary(rng, ramp(pal, val + far), 0.06)
        is_cool = rng.uniform(size=count) < coolness * (cool[g[:, 1], g[:, 0]] > 0.74) + 0.02
        tv = np.clip(val + 0.15 + 0.18 * rng.standard_normal(count), 0, 1)
        c1[is_cool] = vary(rng, ramp(teal, tv), 0.05)[is_cool]
        c2[is_cool] = vary(rng, ramp(teal, tv + 0.3), 0.05)[is_cool]
        for i in range(count):
            a = angle[g[i, 1], g[i, 0]] + rng.normal(0, spread)
            if rng.uniform() < 0.13:
                a += np.pi / 2
            w = width * SS * np.exp(rng.normal(0, 0.28))
            ln = length * SS * np.exp(rng.normal(0, 0.25))
            t = np.linspace(-0.5, 0.5, 9)
            bend = rng.normal(0, 0.05) * ln * (t * t - 0.08)
            d, q = np.array([np.cos(a), np.sin(a)]), np.array([-np.sin(a), np.cos(a)])
            p = seeds[i] * N + t[:, None] * ln * d + bend[:, None] * q
            if rng.uniform() < 0.5:
                p = p[::-1]
            e.stroke(p.astype(np.float32), w, c1[i], c2[i], tone=0.10, dry=dry, body=body, flat=True)

    layer(104, 180, 6.0, 0.06, 0.8, 0.9, dry=0.1)
    layer(70, 124, 1.9, 0.08, 0.8, 1.1, dry=0.2)
    layer(40, 88, 0.85, 0.10, 0.8, 1.3, dry=0.3)
    layer(22, 54, 0.26, 0.12, 0.7, 1.3, shift=0.05, dry=0.45)
    layer(12, 26, 0.045, 0.12, 0.6, 1.3, shift=0.10, dry=0.5)
    save(e.light(depth=1.0, weave=0.30, gloss=0.20), path)


# ------------------------------------------------------------------ mosaic

def mosaic(path):
    rng = np.random.default_rng(5150)
    x, y = grid(N)
    # Design: interlocking arcs and suns, drawn as a few smooth maps.
    wx = x + 0.020 * noise(rng, N, 160) + 0.0020 * noise(rng, N, 24)
    wy = y + 0.020 * noise(rng, N, 160) + 0.0020 * noise(rng, N, 24)
    suns = [(0.33, 0.36, 0.27), (0.80, 0.74, 0.25), (0.86, 0.16, 0.17), (0.13, 0.86, 0.20), (0.50, 1.02, 0.15)]
    # Glass pieces: seeds set in rings around the suns and along waves between.
    seeds, kind, tone = [], [], []
    for k, (cx, cy, r) in enumerate(suns):
        rad, ring = 0.0, 0
        while rad < r:
            step = 0.020 + 0.009 * ring ** 0.8
            # Some rings are long petals, some are small square pieces.
            aspect = (1.05, 0.72, 1.55)[ring % 3]
            cnt = 1 if ring == 0 else max(6, int(2 * np.pi * rad / (step * aspect)))
            for a in np.arange(cnt) / cnt * 2 * np.pi + ring * 0.7:
                rr = rad + rng.normal(0, 0.0022)
                aa = a + rng.normal(0, 0.05)
                seeds.append((cx + rr * np.cos(aa), cy + rr * np.sin(aa)))
                kind.append(k)
                tone.append(rad / r)
            rad += step
            ring += 1
    free = rng.uniform(-0.05, 1.05, (9000, 2))
    inside = np.zeros(len(free), bool)
    for cx, cy, r in suns:
        inside |= np.hypot(free[:, 0] - cx, free[:, 1] - cy) < r + 0.012
    free = free[~inside]
    # Dart throwing with a size that changes over the picture.
    want = 0.019 + 0.020 * rank01(noise(rng, 128, 16))
    chosen = []
    for p in free:
        g = np.clip((p * 128).astype(int), 0, 127)
        d = want[g[1], g[0]]
        if not chosen or np.min(np.hypot(*(np.array(chosen) - p).T)) > d:
            chosen.append(p)
    for p in chosen:
        seeds.append(tuple(p))
        kind.append(-1)
        tone.append(0)
    seeds, kind, tone = np.array(seeds), np.array(kind), np.array(tone)

    q = np.stack([wx, wy], -1).reshape(-1, 2)
    dist, idx = cKDTree(seeds).query(q, k=3)
    p1, p2, p3 = seeds[idx[:, 0]], seeds[idx[:, 1]], seeds[idx[:, 2]]

    def border(pa, pb):
        m = (pa + pb) / 2
        d = pb - pa
        return np.sum((m - q) * d, 1) / (np.hypot(d[:, 0], d[:, 1]) + 1e-9)

    b1 = border(p1, p2)
    b = np.minimum(b1, border(p1, p3)).reshape(N, N) * N
    first, second = idx[:, 0].reshape(N, N), idx[:, 1].reshape(N, N)

    jewels = {
        "sun": ["8c0d1e", "c4161c", "e2481b", "f08a1d", "f6b92b", "fbe08a"],
        "sea": ["071c4a", "0d2f86", "1450b8", "1f7fc4", "35aab8", "8ed6cf"],
        "leaf": ["06382f", "0b5f45", "168a4f", "57ab3e", "a8c63a", "e8e07c"],
        "wine": ["2c0b3d", "531161", "85207f", "b83a86", "e07aa0", "f6c9c4"],
    }
    order = {k: np.stack([hexrgb(c) for c in v]) for k, v in jewels.items()}
    sun_fam = ["sun", "wine", "sun", "leaf", "wine"]
    band = np.sin(2 * np.pi * (1.3 * seeds[:, 0] + 0.35 * np.sin(5 * seeds[:, 1] + 1) + 1.1 * seeds[:, 1]))
    lightmap = rank01(noise(rng, 128, 12))
    col = np.zeros((len(seeds), 3), np.float32)
    for i in range(len(seeds)):
        g = np.clip((seeds[i] * 128).astype(int), 0, 127)
        if kind[i] >= 0:
            fam = sun_fam[kind[i]]
            ring = 1 - tone[i]
            v = 5 * (0.12 + 0.86 * ring) + rng.normal(0, 0.45)
            if tone[i] > 0.82 and rng.uniform() < 0.75:
                fam, v = "sea", rng.uniform(0.2, 1.6)
        else:
            fam = "sea" if band[i] > -0.35 else "leaf"
            v = 5 * (0.10 + 0.75 * lightmap[g[1], g[0]]) + rng.normal(0, 0.75)
            u = rng.uniform()
            if u < 0.05:
                fam, v = "sun", rng.uniform(2.5, 4.6)
            elif u < 0.10:
                fam, v = "wine", rng.uniform(1, 4)
        v = float(np.clip(v, 0, 4.999))
        lo = int(v)
        col[i] = order[fam][lo] * (1 - v + lo) + order[fam][lo + 1] * (v - lo)

    rgb = col[first]
    # Light through each piece: a tilt, a clear heart, streaks and seeds.
    tilt = rng.normal(0, 1, (len(seeds), 2))
    fx = (q - p1).reshape(N, N, 2)
    g = (fx * tilt[first]).sum(-1) / 0.03
    heart = smooth(0, 13 * SS, b)
    sa = rng.uniform(0, np.pi, len(seeds))[first]
    base = np.stack([noise(rng, N, 2.2 * SS), noise(rng, N, 7 * SS)])
    # Streaks turned to each cell's own direction.
    u = fx[..., 0] * np.cos(sa) + fx[..., 1] * np.sin(sa)
    w = -fx[..., 0] * np.sin(sa) + fx[..., 1] * np.cos(sa)
    off = rng.integers(0, N, (len(seeds), 2))
    ju = (u * N * 0.28 + off[first, 0]).astype(int) % N
    jw = (w * N * 1.1 + off[first, 1]).astype(int) % N
    streak = base[1][jw, ju] * 0.6 + base[0][jw, ju] * 0.4
    k = 0.84 + 0.26 * heart + 0.20 * np.tanh(g) + 0.19 * streak
    rgb = rgb * k[..., None]
    wash = np.clip(0.10 * heart + 0.10 * streak + 0.06 * g, 0, 0.4)[..., None]
    rgb = rgb * (1 - wash) + wash * (0.35 + 0.65 * rgb ** 0.4)
    # Lead: heavier between families of the design, rounded, with a light line.
    fam_of = np.where(kind >= 0, kind, 10)
    heavy = (fam_of[first] != fam_of[second])
    half = np.where(heavy, 3.3, 1.75).astype(np.float32) * SS
    half = ndi.gaussian_filter(half, 3 * SS) + 0.17 * SS * base[1]
    lead = 1 - smooth(-0.6 * SS, 0.6 * SS, b - half)
    rgb = rgb * (0.74 + 0.26 * smooth(0, 3 * SS, b - half))[..., None]
    # Seeds and ripples frozen in the glass.
    pip = unit(ndi.gaussian_filter(rng.standard_normal((N, N)), 1.3 * SS))
    rip = noise(rng, N, 3.2 * SS)
    rgb = rgb * (1 + 0.07 * rip)[..., None] + (0.30 * smooth(2.1, 2.7, pip) - 0.10 * smooth(2.1, 2.7, -pip))[..., None]
    h = np.sqrt(np.clip(1 - (b / half) ** 2, 0, 1)) * lead
    h = ndi.gaussian_filter(h, 0.8 * SS)
    glass = ndi.gaussian_filter(streak * (1 - lead), 0.7 * SS) * 0.10 + 0.35 * smooth(0, 7 * SS, b) * (1 - lead)
    gh = ndi.gaussian_filter(h * 1.0 + glass, 0.5 * SS)
    sh = -(ndi.sobel(gh, 1) * 0.6 + ndi.sobel(gh, 0) * 0.7)
    metal = hexrgb("15141a") * (1 + 0.25 * base[0][..., None])
    out = rgb * (1 - lead[..., None]) + metal * lead[..., None]
    out = out * (1 + 0.55 * np.clip(sh, -0.8, 0.8))[..., None]
    out += (np.clip(sh - 0.22, 0, 1) * 0.45)[..., None] * np.array([.8, .85, 1.0], np.float32)
    save(out, path)


# ----------------------------------------------------------------- woodcut

def woodcut(path):
    rng = np.random.default_rng(1889)
    x, y = grid(N)
    wob = noise(rng, N, 26 * SS) * 0.0030 + noise(rng, N, 7 * SS) * 0.0007
    wob2 = noise(rng, N, 26 * SS) * 0.0030 + noise(rng, N, 7 * SS) * 0.0007
    X, Y = x + wob, y + wob2

    # Layers from back to front, each with a line phase (one line per unit),
    # a darkness and the number of its colour block.
    region = np.zeros((N, N), np.int32)
    phase = np.zeros((N, N), np.float32)
    dark = np.zeros((N, N), np.float32)
    edge = np.full((N, N), 1e3, np.float32)

    def put(sd, ph, tn, k):
        """sd: signed distance in pixels, negative inside."""
        nonlocal phase, dark, region, edge
        m = sd < 0
        phase = np.where(m, ph, phase)
        dark = np.where(m, tn, dark)
        region = np.where(m, k, region)
        edge = np.where(m, np.abs(sd), np.minimum(edge, np.abs(sd)))

    pitch = 7.6 / SIZE
    # Sky: rays from a low sun, closing to rings near it.
    sx, sy = 0.63, 0.33
    dx, dy = X - sx, Y - sy
    d = np.hypot(dx, dy)
    a = np.arctan2(dy, dx)
    rays = a / (2 * np.pi) * 150
    put(np.full((N, N), -1e3, np.float32), rays, 0.30 + 0.55 * smooth(0.1, 0.75, d) + 0.16 * np.sin(a * 15), 0)
    put((d - 0.235) * N, d / pitch, 0.25 + 0.22 * np.sin(d * 75), 5)
    put((d - 0.135) * N, d / (pitch * 1.0), 0.16 + 0.35 * smooth(0.0, 0.135, d), 1)
    # Clouds: scrolls of rolled lines.
    for cx, cy, r, puffs in ((0.16, 0.13, 0.085, 7), (0.40, 0.055, 0.060, 6), (0.06, 0.33, 0.075, 7),
                             (0.90, 0.10, 0.075, 7), (0.955, 0.345, 0.065, 6), (0.27, 0.40, 0.050, 6)):
        # A bank of puffs, the highest at the back, each rolled in arcs.
        u = np.sort(rng.uniform(-1.7, 1.7, puffs) * np.linspace(0.55, 1, puffs))
        u = u[np.argsort(np.abs(u))]
        for t in u:
            pr = r * (1.05 - 0.30 * abs(t)) * rng.uniform(0.75, 1.1)
            px, py = cx + t * r, cy + 0.22 * r * abs(t) ** 1.5 + r * rng.uniform(-0.1, 0.25)
            ex, ey = X - px, (Y - py) * 1.1
            ox, oy = X - px - 0.62 * pr, (Y - py - 0.98 * pr) * 1.1
            rr = np.hypot(ex, ey)
            put((rr - pr) * N, np.hypot(ox, oy) / (pitch * 0.92),
                0.14 + 0.62 * smooth(-0.55, 0.95, (ey + 0.45 * ex) / pr), 2)
    # Hills and terraced fields.
    for i, (base, amp, f, ph0, tilt, k) in enumerate((
            (0.47, 0.060, 1.3, 0.6, 2.2, 3), (0.55, 0.070, 1.1, 2.9, -1.6, 4),
            (0.63, 0.060, 1.5, 4.6, 1.3, 3), (0.72, 0.055, 1.2, 1.2, -1.0, 4))):
        top = base + amp * np.sin(2 * np.pi * f * X + ph0) + 0.3 * amp * np.sin(2 * np.pi * 2.7 * X + 2 * ph0)
        below = Y - top
        ph = (below + 0.20 * tilt * (X - 0.5) + 0.045 * np.sin(9 * X + 14 * below + i)) / pitch / 1.1
        tn = 0.32 + 0.42 * smooth(0.0, 0.13, below) + 0.28 * np.sin(X * 11 + i * 2 + 9 * below)
        put(-below * N, ph, tn, k)
    # Water in front: breaking scallops.
    top = 0.80 + 0.030 * np.sin(2 * np.pi * 2.0 * X + 0.4) + 0.010 * np.sin(2 * np.pi * 5 * X)
    for j in range(5):
        t = top + 0.052 * j + 0.024 * np.abs(np.sin(np.pi * (4.2 - 0.3 * j) * (X + 0.13 * j))) - 0.012
        below = Y - t
        ph = (below * 1.0 + 0.006 * np.sin(40 * X + j)) / (pitch * 0.82)
        put(-below * N, ph, 0.30 + 0.55 * smooth(0.0, 0.045, below) - 0.12 * np.sin(23 * X + 2 * j), 6 if j % 2 == 0 else 7)

    # Cut lines: swelling with tone, each with its own waver and breaks.
    line = np.floor(phase).astype(int)
    lrand = rng.standard_normal(4096).astype(np.float32)[line % 4096]
    fr = phase - np.floor(phase)
    tone = dark + 0.10 * noise(rng, N, 14 * SS) + 0.10 * noise(rng, N, 4 * SS) + 0.07 * lrand
    tone = np.clip(tone, 0.0, 0.97)
    gxp, gyp = np.gradient(phase)
    width = 1 / (np.hypot(gxp, gyp) + 1e-4)     # pixels per line
    width = np.clip(ndi.median_filter(width, 5), 2, 40)
    away = np.abs(fr - 0.5) * 2                 # 0 at line centre, 1 between
    duty = np.clip((tone - 0.08) / 0.80, 0, 1)
    duty = np.where(duty < 0.10, 0, duty)
    aa = 2.0 / width
    cut = smooth(-aa, aa, duty - away) * (duty > 0)
    # Cross cuts in the deepest shade.
    diag = np.abs(((X * 0.8 + Y * 1.25) / (pitch * 1.15)) % 1 - 0.5) * 2
    white = smooth(0.62, 0.80, tone) * smooth(0.80, 0.92, diag)
    key = np.maximum(cut * (1 - white), 0)
    contour = 1 - smooth(1.5 * SS, 2.5 * SS, edge + 0.8 * SS * noise(rng, N, 6 * SS))
    key = np.maximum(key, contour)

    # Ink on paper: key block in blue-black over two flat colour blocks.
    fibre = unit(ndi.gaussian_filter(rng.standard_normal((N, N)), (0.7, 5)) * 2
                 + ndi.gaussian_filter(rng.standard_normal((N, N)), (4, 0.8))).astype(np.float32)
    grain = unit(ndi.gaussian_filter(rng.standard_normal((N, N)), (1.1 * SS, 16 * SS))).astype(np.float32)
    paper = hexrgb("efdcb4") * (1 + 0.028 * fibre + 0.03 * noise(rng, N, 60 * SS))[..., None]
    verm, sea, ochre = hexrgb("d2452a"), hexrgb("2e7f86"), hexrgb("e0a63f")
    tint = [(0, ochre, .55), (1, verm, .95), (2, None, 0), (3, sea, .80), (4, verm, .80),
            (5, verm, .55), (6, sea, .95), (7, None, 0)]
    out = paper.copy()
    patch = 1 - 0.22 * smooth(0.9, 2.4, grain + 0.5 * fibre)
    for k, c, amt in tint:
        if c is None:
            continue
        # The colour block is printed a little out of register.
        m = np.pad((region == k).astype(np.float32), 2 * SS, mode="edge")[:N, 3 * SS:3 * SS + N]
        m = ndi.gaussian_filter(m, 0.5 * SS) * amt * patch
        if k == 0:
            m = m * (0.35 + 0.65 * smooth(0.6, 0.2, d))
        if k in (3, 4, 6):
            # Highlights are cut away from the colour block as well.
            m = m * smooth(0.185, 0.215, tone + 0.02 * lrand)
        out = out * (1 - m[..., None]) + (out * 0.25 + 0.75) * c * m[..., None]
    press = 1 - 0.30 * smooth(1.0, 2.6, grain * 0.8 + 0.7 * fibre)
    kk = (key * press)[..., None]
    out = out * (1 - kk) + hexrgb("1a1c2b") * kk
    save(out, path)


PICTURES = {"swirl": swirl, "mosaic": mosaic, "woodcut": woodcut, "embers": embers}


def main():
    ap = argparse.ArgumentParser(description="Paint the bundled style pictures.")
    ap.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURES) + " (default: all)")
    ap.add_argument("--out", default=os.path.dirname(os.path.abspath(__file__)))
    args = ap.parse_args()
    unknown = [n for n in args.names if n not in PICTURES]
    if unknown:
        ap.error("no such picture: " + ", ".join(unknown))
    os.makedirs(args.out, exist_ok=True)
    for name in args.names or PICTURES:
        PICTURES[name](os.path.join(args.out, name + ".jpg"))


if __name__ == "__main__":
    main()
