"""PostgreSQL's verifier of a password, made here so that the password itself never reaches the server or its logs."""

import base64
import hashlib
import hmac

ITERATIONS = 4096  # PostgreSQL's default (scram_iterations)


def scram_verifier(password, role):
    """The salt is derived from role and password: a second run makes the same verifier and changes nothing."""
    return verifier(password, hashlib.sha256(("goldenring %s %s" % (role, password)).encode()).digest()[:16])


def verifier(password, salt):
    """SCRAM-SHA-256 verifier (RFC 5803)."""
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)

    def key(label):
        return hmac.new(salted, label, hashlib.sha256).digest()

    def text(data):
        return base64.b64encode(data).decode()

    stored = text(hashlib.sha256(key(b"Client Key")).digest())
    return "SCRAM-SHA-256$%d:%s$%s:%s" % (ITERATIONS, text(salt), stored, text(key(b"Server Key")))


class FilterModule:
    def filters(self):
        return {"scram_verifier": scram_verifier}
