"""S3 as Beam reaches it, with a client that reads exactly what is asked for and gives up in bounded time.

Beam 2.77 asks for all from an offset to the end of the object and drops the connection when it has enough,
makes a new boto3 client, which takes 50 ms, for every operation, and tries what boto3 has given up, wrong
credentials too, seven times more, for ten minutes.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import cache, wraps
from typing import Any

from apache_beam.io.aws.clients.s3 import boto3_client, messages
from apache_beam.io.aws.s3io import S3IO, parse_s3_path
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, S3Options
from botocore.exceptions import BotoCoreError

BeamClient: Any = boto3_client.Client
RETRIES = {"AWS_RETRY_MODE": "legacy", "AWS_MAX_ATTEMPTS": "6"}
"""How boto3 tries again if the user has not said it: after 1, 2, 4, 8, 16 seconds, or sooner by chance.

The mode "standard" of today's boto3 gives an unreachable store up after a second.
"""
CHANGED = 412
"""The status where an object is not any more the one that was asked for."""
NO_SERVER_ERROR = 400
"""The status of an error that Beam shall take for final."""
PIECE_BYTES = 1 << 20


class S3Failure(messages.S3ClientError):
    """A request that failed for good; the message is a sentence that names the object."""

    def __str__(self) -> str:
        """Give the sentence."""
        return self.message


def use() -> None:
    """Let Beam's file system of s3:// have our client."""
    boto3_client.Client = Client  # type: ignore[misc]
    boto3_client.get_http_error_code = status_of


def status_of(error: BaseException) -> int | None:
    """Give the HTTP status of an answer; Beam's function fails where a connection broke and there is none."""
    answer = getattr(error, "response", None) or {}
    return answer.get("ResponseMetadata", {}).get("HTTPStatusCode")


@cache
def boto_client(settings: frozenset[tuple[str, Any]]) -> Any:
    """Give the process's client of boto3 for these settings; threads may share it."""
    for name, value in RETRIES.items():
        os.environ.setdefault(name, value)
    return BeamClient(dict(settings)).client


def final(call):
    """Make errors of a client's method name the object, and Beam not try again: boto3 has."""

    @wraps(call)
    def call_once(self: Client, request: Any, *more: Any) -> Any:
        try:
            return call(self, request, *more)
        except messages.S3ClientError as error:
            code = NO_SERVER_ERROR if error.code is None or error.code >= 500 else error.code
            raise S3Failure(f"{name_of(request)}: {error.message}", code) from error

    return call_once


def name_of(request: Any) -> str:
    """Give the address of what a request is about."""
    bucket = getattr(request, "bucket", None) or request.dest_bucket
    key = next((key for key in ("object", "prefix", "dest_key") if hasattr(request, key)), "")
    return f"s3://{bucket}/{getattr(request, key, '')}"


class Client(BeamClient):
    """Beam's client of S3, changed where the module's docstring says so."""

    def __init__(self, options: PipelineOptions) -> None:
        given = options.view_as(S3Options).get_all_options(drop_default=True, current_only=True)
        self.client = boto_client(frozenset(given.items()))

    def get_range(self, request: Any, start: int, end: int) -> bytes:
        """Read the bytes from `start` to `end`, or those that came before the connection broke.

        Readers ask for the rest, as of any file. Raises S3Failure if none came, or if the object was
        replaced since the file was opened.
        """
        place = {"Bucket": request.bucket, "Key": request.object, "IfMatch": request.etag}
        data = bytearray()
        for left in (2, 1, 0):
            try:
                body = self.client.get_object(**place, Range=f"bytes={start}-{end - 1}")["Body"]
                for piece in body.iter_chunks(PIECE_BYTES):
                    data += piece
            except Exception as error:
                broken = isinstance(error, BotoCoreError)
                if not (data or (left and broken)):
                    text = f"no byte came in three tries: {error}" if broken else str(error)
                    if status_of(error) == CHANGED:
                        text = "was changed while it was read"
                    raise S3Failure(f"{name_of(request)}: {text}", status_of(error)) from error
            if data:
                break
        return bytes(data)

    @final
    def get_object_metadata(self, request: Any) -> messages.Item:
        """Look at an object; a file is opened so, and read by the same `request`, which keeps the ETag."""
        item = super().get_object_metadata(request)
        request.etag = item.etag
        return item

    list = final(BeamClient.list)
    create_multipart_upload = final(BeamClient.create_multipart_upload)
    upload_part = final(BeamClient.upload_part)
    copy = final(BeamClient.copy)
    delete = final(BeamClient.delete)
    delete_batch = final(BeamClient.delete_batch)

    @final
    def complete_multipart_upload(self, request: messages.CompleteMultipartUploadRequest) -> None:
        """Complete an upload. That of an empty file, which has no part yet, is given an empty one."""
        if not request.parts:
            place = (request.bucket, request.object, request.upload_id)
            part = self.upload_part(messages.UploadPartRequest(*place, 1, b""))
            request.parts.append({"ETag": part.etag, "PartNumber": 1})
        super().complete_multipart_upload(request)


def abort_uploads(folder: str) -> None:
    """Drop what was uploaded below a folder but never became an object: it can't be seen, but costs."""
    bucket, prefix = parse_s3_path(folder, object_optional=True)
    boto = S3IO(options=FileSystems._pipeline_options).client.client
    pages = boto.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, Prefix=prefix)
    for upload in [each for page in pages for each in page.get("Uploads", ())]:
        with suppress(boto.exceptions.NoSuchUpload):  # completed meanwhile
            boto.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
