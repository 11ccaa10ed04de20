"""bcrypt, the only form in which Prometheus and its exporters take passwords (web.yml of their exporter-toolkit)."""

import base64
import ctypes
import hashlib
import hmac

from ansible.errors import AnsibleFilterError

ROUNDS = 10  # A power of two; bcrypt's usual one, about 60 ms. Prometheus and its exporters cache the result.
# libxcrypt of Debian, of Fedora; None: a C library that has bcrypt itself (musl).
LIBRARIES = ("libcrypt.so.1", "libcrypt.so.2", None)

BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
BCRYPT64 = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def setting_of(user, seed):
    """The salt is derived from a secret seed and the user: a second run makes the same hash, and another user gets another one."""
    salt = hmac.new(seed.encode(), user.encode(), hashlib.sha256).digest()[:16]
    text = base64.b64encode(salt).decode().rstrip("=").translate(str.maketrans(BASE64, BCRYPT64))
    return "$2b$%02d$%s" % (ROUNDS, text)


def by_library(password, setting):
    """None if no C library here has bcrypt."""
    for name in LIBRARIES:
        try:
            crypt = ctypes.CDLL(name).crypt
        except (OSError, AttributeError):
            continue
        crypt.argtypes = [ctypes.c_char_p, ctypes.c_char_p]
        crypt.restype = ctypes.c_char_p
        made = (crypt(password.encode(), setting.encode()) or b"").decode()
        if len(made) == 60 and made.startswith(setting[:7]):
            return made
    return None


def by_module(password, setting):
    try:
        import bcrypt
    except ImportError:
        raise AnsibleFilterError(
            "this computer has no bcrypt: install the Python package bcrypt for the Python that runs Ansible "
            "(see the line 'python version' of ansible --version)"
        )
    return bcrypt.hashpw(password.encode(), setting.encode()).decode()


def bcrypt_hash(password, user, seed):
    setting = setting_of(user, seed)
    return by_library(password, setting) or by_module(password, setting)


class FilterModule:
    def filters(self):
        return {"bcrypt_hash": bcrypt_hash}
