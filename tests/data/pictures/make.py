"""Makes the small pictures that the tests of src/picture open. Needs Pillow: python make.py

They come from another program on purpose: a decoder that is tested with its own encoder can be wrong twice.
"""

import io
import struct
from pathlib import Path

from PIL import Image, ImageCms

HERE = Path(__file__).parent
RED, GREEN, BLUE = (220, 30, 40), (30, 200, 60), (20, 40, 210)


def halves(left, right, mode="RGB", size=(32, 16)):
    """Two flat halves, side by side."""
    picture = Image.new(mode, size, left)
    picture.paste(right, (size[0] // 2, 0, *size))
    return picture


def profile(colour_space, tags):
    """A version 2 ICC profile of the given tags."""
    names = list(tags)
    offset, table, data = 132 + 12 * len(tags), b"", b""
    for name in names:
        body = tags[name] + b"\0" * (-len(tags[name]) % 4)
        table += name + struct.pack(">II", offset + len(data), len(tags[name]))
        data += body
    header = struct.pack(">I4sI4s4s4s", offset + len(data), b"\0" * 4, 0x02100000, b"mntr", colour_space, b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + b"\0" * 28
    header += struct.pack(">3i", 63190, 65536, 54061)  # D50
    header += b"\0" * (128 - len(header))
    return header + struct.pack(">I", len(tags)) + table + data


def xyz(x, y, z):
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (x, y, z)))


def gamma(value):
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(value * 256))


def description(text):
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode() + b"\0" + b"\0" * 78


WHITE = xyz(0.9642, 1.0, 0.8249)
# Primaries of Adobe RGB (1998), adapted to D50.
WIDE = profile(b"RGB ", {
    b"desc": description("wide"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": WHITE,
    b"rXYZ": xyz(0.60974, 0.31111, 0.01947), b"gXYZ": xyz(0.20528, 0.62567, 0.06087),
    b"bXYZ": xyz(0.14919, 0.06322, 0.74457), b"rTRC": gamma(2.2), b"gTRC": gamma(2.2), b"bTRC": gamma(2.2),
})
LINEAR_GREY = profile(b"GRAY", {
    b"desc": description("linear"), b"cprt": b"text\0\0\0\0none\0", b"wtpt": WHITE, b"kTRC": gamma(1.0),
})
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# Red and blue change places: no one can miss whether this profile was honoured.
SWAPPED = SRGB.replace(b"rXYZ", b"????").replace(b"bXYZ", b"rXYZ").replace(b"????", b"bXYZ")


def save(picture, name, **options):
    picture.save(HERE / name, **options)
    size = (HERE / name).stat().st_size
    assert size < 2048, f"{name} has {size} bytes"


def main():
    flat = halves(RED, BLUE)
    save(flat, "plain.png")
    save(flat, "plain.jpg", quality=90, subsampling=0)
    save(flat, "progressive.jpg", quality=90, subsampling=0, progressive=True)
    save(flat, "plain.webp", lossless=True)
    save(flat, "plain.tif", compression="tiff_lzw")
    save(flat, "plain.bmp")
    save(flat.convert("P", palette=Image.Palette.ADAPTIVE, colors=4), "plain.gif")

    exif = Image.Exif()
    exif[0x0112] = 6  # rotate by 90 degrees clockwise to see it upright
    save(flat, "exif_rotated.jpg", quality=90, subsampling=0, exif=exif)
    save(flat, "exif_rotated.png", exif=exif)

    save(halves((0, 255, 255, 0), (255, 255, 0, 0), "CMYK"), "cmyk.jpg", quality=90)
    save(halves((0, 255, 255, 0), (0, 0, 0, 128), "CMYK"), "cmyk.tif", compression="tiff_lzw")

    deep = Image.new("I;16", (32, 16))
    for x in range(32):
        for y in range(16):
            deep.putpixel((x, y), x * 2000 + y * 100)
    save(deep, "grey16.png")
    save(halves((200, 255), (100, 64), "LA"), "grey_alpha.png")
    palette = halves(0, 1, "P")
    palette.putpalette([*RED, *BLUE])
    save(palette, "palette_transparent.png", transparency=1)
    save(halves(1, 0, "1"), "bilevel.png")

    frames = [Image.new("RGB", (24, 16), colour) for colour in (GREEN, RED, BLUE)]
    save(frames[0], "animated.gif", save_all=True, append_images=frames[1:], duration=100)
    save(frames[0], "animated.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)

    save(flat, "icc_swapped.png", icc_profile=SWAPPED)
    save(flat, "icc_swapped.jpg", quality=90, subsampling=0, icc_profile=SWAPPED)
    save(flat, "icc_swapped.webp", lossless=True, icc_profile=SWAPPED)
    save(flat, "icc_swapped.tif", compression="tiff_lzw", icc_profile=SWAPPED)
    save(flat, "icc_srgb.png", icc_profile=SRGB)
    save(flat, "icc_broken.png", icc_profile=b"no profile" * 20)
    save(halves((200, 255), (100, 64), "LA"), "icc_grey.png", icc_profile=LINEAR_GREY)
    save(halves((200, 255), (100, 64), "LA").convert("L"), "icc_grey.jpg", quality=95, icc_profile=LINEAR_GREY)
    save(flat, "icc_wrong_kind.png", icc_profile=LINEAR_GREY)
    wide = halves((90, 160, 60), (200, 120, 140))
    save(wide, "icc_wide.png", icc_profile=WIDE)
    # Little CMS's answer, quoted in the test.
    answer = ImageCms.profileToProfile(wide, io.BytesIO(WIDE), ImageCms.createProfile("sRGB"))
    print("icc_wide.png in sRGB:", answer.getpixel((0, 0)), answer.getpixel((31, 0)))
    grey = ImageCms.profileToProfile(Image.new("L", (1, 1), 100), io.BytesIO(LINEAR_GREY),
                                     ImageCms.createProfile("sRGB"), outputMode="RGB")
    print("linear grey 100 in sRGB:", grey.getpixel((0, 0)))

    source = Image.new("RGB", (24, 16))
    for x in range(24):
        for y in range(16):
            source.putpixel((x, y), ((x * x * 7 + y * 31) % 256, (x * 53 + y * y * 3) % 256, (x * y * 5) % 256))
    save(source, "resize_source.png")
    for size in (11, 7), (30, 20):
        save(source.resize(size, Image.Resampling.BILINEAR), f"resize_bilinear_{size[0]}x{size[1]}.png")


main()
