import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from sklearn.datasets import load_sample_images

from ablate.data.decode import LARGEST, decode, size
from ablate.terminal.errors import InputError

PHOTO = load_sample_images().images[0][:200, :300]


def _rgba(alpha: int) -> Image.Image:
    return Image.new("RGBA", (8, 8), (100, 0, 200, alpha))


def _palette(transparent: bool) -> Image.Image:
    image = Image.new("P", (8, 8), 1)
    image.putpalette([0, 0, 0, 100, 50, 200])
    if transparent:
        image.info["transparency"] = 1
    return image


# A constant image, the format it is saved in, and the color it must be decoded to.
SOLID = [
    (Image.new("RGB", (8, 8), (10, 20, 30)), "png", (10, 20, 30)),
    (Image.new("RGB", (8, 8), (10, 20, 30)), "bmp", (10, 20, 30)),
    (Image.new("RGB", (8, 8), (10, 20, 30)), "ppm", (10, 20, 30)),
    (Image.new("RGB", (8, 8), (10, 20, 30)), "tiff", (10, 20, 30)),
    (Image.new("L", (8, 8), 77), "png", (77, 77, 77)),
    (Image.new("L", (8, 8), 77), "jpeg", (77, 77, 77)),
    (Image.new("1", (8, 8), 1), "png", (255, 255, 255)),
    (_palette(False), "png", (100, 50, 200)),
    (_palette(False), "gif", (100, 50, 200)),
    (_palette(True), "png", (255, 255, 255)),
    # Half transparent on white: the mean of the color and 255, weighted 153/255 = 0.6.
    (_rgba(153), "png", (162, 102, 222)),
    (_rgba(0), "png", (255, 255, 255)),
    (_rgba(255), "png", (100, 0, 200)),
    (Image.new("LA", (8, 8), (0, 51)), "png", (204, 204, 204)),
    # 16 bits: white is 65535 = 255 * 257, so that 257 is one level of 8 bits.
    (Image.fromarray(np.full((8, 8), 65535, np.uint16)), "png", (255, 255, 255)),
    (Image.fromarray(np.full((8, 8), 50 * 257, np.uint16)), "png", (50, 50, 50)),
    (Image.fromarray(np.full((8, 8), 50 * 257, np.uint16)), "tiff", (50, 50, 50)),
    (Image.fromarray(np.full((8, 8), 50 * 257, np.int32)), "ppm", (50, 50, 50)),
    # Half of black and no other ink is gray.
    (Image.new("CMYK", (8, 8), (0, 0, 0, 128)), "tiff", (127, 127, 127)),
]


@pytest.mark.parametrize(
    ("image", "suffix", "color"), SOLID, ids=[f"{image.mode}-{suffix}-{c[0]}" for image, suffix, c in SOLID]
)
def test_every_mode_is_decoded_to_its_color(
    image: Image.Image, suffix: str, color: tuple[int, int, int], tmp_path: Path
) -> None:
    image.save(tmp_path / f"image.{suffix}")
    pixels, _ = decode(str(tmp_path / f"image.{suffix}"), 4)
    assert pixels.shape == (3, 4, 4)
    assert pixels.dtype == np.uint8
    assert np.abs(pixels.astype(int) - np.reshape(color, (3, 1, 1))).max() <= 1


@pytest.mark.parametrize("size", [16, 64, 256])
def test_resizing_is_that_of_torch_with_antialiasing(size: int, tmp_path: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "photo.png")
    pixels, _ = decode(str(tmp_path / "photo.png"), size)
    photo = torch.from_numpy(PHOTO.copy()).permute(2, 0, 1)[None].float()
    expected = F.interpolate(photo, size=(size, size), mode="bilinear", antialias=True)[0]
    # PIL rounds to whole levels after each of its two passes.
    assert (torch.from_numpy(pixels.copy()).float() - expected).abs().max() <= 1.5


def test_an_image_of_the_right_size_is_unchanged(tmp_path: Path) -> None:
    Image.fromarray(PHOTO[:64, :64]).save(tmp_path / "photo.png")
    pixels, _ = decode(str(tmp_path / "photo.png"), 64)
    assert np.array_equal(pixels.transpose(1, 2, 0), PHOTO[:64, :64])


def test_the_exif_orientation_is_applied(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: viewers rotate the image by 90 degrees clockwise
    Image.fromarray(PHOTO[:64, :64]).save(tmp_path / "photo.png", exif=exif)
    pixels, _ = decode(str(tmp_path / "photo.png"), 64)
    assert np.array_equal(pixels.transpose(1, 2, 0), np.rot90(PHOTO[:64, :64], -1))


def test_the_first_frame_of_an_animation_is_used(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    first.save(tmp_path / "moving.gif", save_all=True, append_images=[second])
    pixels, _ = decode(str(tmp_path / "moving.gif"), 8)
    assert pixels[:, 0, 0].tolist() == [255, 0, 0]


def test_the_size_is_read_from_the_header(tmp_path: Path) -> None:
    Image.new("RGB", (30, 20)).save(tmp_path / "whole.png")
    (tmp_path / "header.png").write_bytes((tmp_path / "whole.png").read_bytes()[:41])  # up to the start of the pixels
    assert size(str(tmp_path / "whole.png")) == size(str(tmp_path / "header.png")) == (30, 20)


def test_the_digest_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "gray.pgm").write_bytes(b"P5 1 1 255 \x80")
    # printf 'P5 1 1 255 \x80' | sha256sum
    assert (
        decode(str(tmp_path / "gray.pgm"), 4)[1] == "af35d67c5af706e216bbaf63ba46be40bb779f288e94d24cf02bb07e24b60b6e"
    )


def test_pixels_without_a_fixed_range_are_refused(tmp_path: Path) -> None:
    for index, values in enumerate((np.zeros((4, 4), np.float32), np.full((4, 4), 65536, np.int32))):
        Image.fromarray(values).save(tmp_path / f"{index}.tiff")
        with pytest.raises(ValueError, match="no fixed range"):
            decode(str(tmp_path / f"{index}.tiff"), 4)


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, "png")
    content = bytearray(buffer.getvalue())
    # Width, height and checksum of the header: 10 billion pixels, and 100 million, for which PIL only warns.
    for side in (100_000, 10_000):
        content[16:24] = struct.pack(">II", side, side)
        content[29:33] = struct.pack(">I", zlib.crc32(content[12:29]))
        (tmp_path / "bomb.png").write_bytes(content)
        with pytest.raises(Exception, match="decompression bomb|more than the limit"):
            decode(str(tmp_path / "bomb.png"), 8)


@pytest.mark.parametrize(("suffix", "at", "form"), [("gif", 6, "<HH"), ("bmp", 18, "<ii"), ("tiff", None, "<I")])
def test_decompression_bombs_of_other_formats_are_not_unpacked(
    suffix: str, at: int | None, form: str, tmp_path: Path
) -> None:
    buffer = io.BytesIO()
    Image.new("L", (8, 8)).save(buffer, suffix)
    content = bytearray(buffer.getvalue())
    if at is None:  # TIFF: the entries ImageWidth and ImageLength, as one LONG each
        for tag in (256, 257):
            entry = next(place for kind in (3, 4) if (place := content.find(struct.pack("<HH", tag, kind))) >= 0)
            content[entry : entry + 12] = struct.pack("<HHII", tag, 4, 1, 50_000)
    else:
        content[at : at + struct.calcsize(form)] = struct.pack(form, 50_000, 50_000)
    (tmp_path / f"bomb.{suffix}").write_bytes(content)
    with pytest.raises(Exception, match="decompression bomb|more than the limit"):
        decode(str(tmp_path / f"bomb.{suffix}"), 8)


def test_a_postscript_program_is_not_run(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "image.eps")  # PostScript under another name
    (tmp_path / "image.eps").rename(tmp_path / "image.png")
    with pytest.raises(ValueError, match="not a PNG, JPEG, WEBP"):
        decode(str(tmp_path / "image.png"), 8)


def test_a_file_above_the_size_limit_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "image.png").touch()
    os.truncate(tmp_path / "image.png", LARGEST + 1)  # a sparse file, which takes no space on the disk
    with pytest.raises(InputError, match=rf"image\.png has {LARGEST + 1:,} bytes"):
        decode(str(tmp_path / "image.png"), 8)
