"""Reads each URL with several clients and decoders, and prints a line of JSON for each: the client, the URL, the encoding of the answer,
and what it decoded to."""

import asyncio
import gzip
import hashlib
import json
import sys

import aiohttp
import httpx
import pyzstd
import urllib3
import zstandard
from backports import zstd

URLS = sys.argv[1:]


def show(client, url, status, encoding, body):
    digest = hashlib.sha256(body).hexdigest()
    line = {"client": client, "url": url, "status": status, "encoding": encoding or "", "sha256": digest, "bytes": len(body)}
    print(json.dumps(line), flush=True)


async def with_aiohttp():
    async with aiohttp.ClientSession() as session:
        for url in URLS:
            try:
                async with session.get(url) as answer:
                    encoding = answer.headers.get("Content-Encoding")
                    show(f"aiohttp {aiohttp.__version__}", url, answer.status, encoding, await answer.read())
            except aiohttp.ClientError as error:
                show(f"aiohttp {aiohttp.__version__}: {error}", url, 0, None, b"")


def with_urllib3(url):
    answer = urllib3.request("GET", url, headers=urllib3.make_headers(accept_encoding=True))
    show("urllib3", url, answer.status, answer.headers.get("Content-Encoding"), answer.data)


def with_httpx(url):
    answer = httpx.get(url)
    show("httpx", url, answer.status_code, answer.headers.get("Content-Encoding"), answer.content)


ONE_SHOT = {
    "zstandard": zstandard.ZstdDecompressor().decompress,
    "pyzstd": pyzstd.decompress,
    "backports.zstd": zstd.decompress,
    "backports.zstd, one frame": lambda data: zstd.ZstdDecompressor().decompress(data),
}


def in_one_shot(url, accept):
    answer = urllib3.request("GET", url, headers={"Accept-Encoding": accept}, decode_content=False)
    encoding = answer.headers.get("Content-Encoding")
    for name, decompress in ONE_SHOT.items():
        decode = {"zstd": decompress, "gzip": gzip.decompress}.get(encoding, bytes)
        show(f"{name} ({accept})", url, answer.status, encoding, decode(answer.data))


if "--only-aiohttp" in URLS:
    URLS.remove("--only-aiohttp")
else:
    for each in URLS:
        with_urllib3(each)
        with_httpx(each)
        in_one_shot(each, "zstd")
        in_one_shot(each, "gzip, zstd")
asyncio.run(with_aiohttp())
