"""Pictures and other files for tests, made anew each time: real ones by Pillow, hostile ones by hand."""
import io
import os
import struct
import subprocess
import zlib

from PIL import Image

GPS = ["-GPSLatitude=52.5", "-GPSLatitudeRef=N", "-GPSLongitude=13.4", "-GPSLongitudeRef=E",
       "-Make=Spyglass", "-Artist=Ana", "-XMP:Creator=Ana", "-Comment=taken at home"]


def encode(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def noise(width, height, kind="PNG", **options):
    """A picture that no codec makes small."""
    return encode(Image.frombytes("RGB", (width, height), os.urandom(width * height * 3)), kind, **options)


def large_png():
    """More than 20 MiB."""
    return noise(2700, 2700, compress_level=1)


def with_places(data, folder, name="photo.jpg"):
    """The same picture with what a telephone writes into it."""
    path = f"{folder}/{name}"
    with open(path, "wb") as f:
        f.write(data)
    subprocess.run(["exiftool", "-q", "-overwrite_original", *GPS, path], check=True)
    with open(path, "rb") as f:
        return f.read()


def metadata(data):
    """What exiftool finds in it, but for what is about the file and the picture itself."""
    done = subprocess.run(["exiftool", "-a", "-s", "-G1", "-x", "System:all", "-x", "File:all",
                           "-x", "ExifTool:all", "-x", "Composite:all", "-"],
                          input=data, capture_output=True, check=True)
    return done.stdout.decode()


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_bomb(side=30000):
    """A good PNG of a few kilobytes that is 900 million pixels."""
    row = bytes(1 + side // 8)
    pack = zlib.compressobj(9)
    data = b"".join(pack.compress(row * 1000) for _ in range(side // 1000)) + pack.flush()
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)) +
            chunk(b"IDAT", data) + chunk(b"IEND", b""))
