"""PostgreSQL's verifier of a password, made here so that the password itself never reaches the server or its logs."""

import base64
import hashlib
import hmac

ITERATIONS = 4096  # PostgreSQL's own number (scram_iterations)


def scram_verifier(password, role):
    """SCRAM-SHA-256 verifier (RFC 5803). The salt comes from role and password, so equal ones give equal verifiers:
    a second run can tell that nothing changed."""
    salt = hashlib.sha256(("goldenring %s %s" % (role, password)).encode()).digest()[:16]
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
