import base64
import hashlib
import hmac
import os
import sys
import unittest

from run_module import CLUSTER

sys.path.insert(0, os.path.join(CLUSTER, "filter_plugins"))

from bcrypt_hash import bcrypt_hash, by_library, setting_of  # noqa: E402
from scram import scram_verifier, verifier  # noqa: E402
from with_numbers import with_numbers  # noqa: E402


class ScramTest(unittest.TestCase):
    def test_makes_the_keys_of_the_example_of_rfc_7677(self):
        made = verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
        kind, parameters, keys = made.split("$")
        self.assertEqual((kind, parameters), ("SCRAM-SHA-256", "4096:W22ZaJ0SNY7soEsUEjb6gQ=="))
        stored, server = map(base64.b64decode, keys.split(":"))
        nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
        messages = (
            "n=user,r=rOprNGfwEbeRWgbNEkqO,r=%s,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=%s" % (nonce, nonce)
        ).encode()
        signature = base64.b64encode(hmac.new(server, messages, hashlib.sha256).digest())
        self.assertEqual(signature, b"6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")
        proof = base64.b64decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        client_signature = hmac.new(stored, messages, hashlib.sha256).digest()
        client_key = bytes(a ^ b for a, b in zip(proof, client_signature))
        self.assertEqual(hashlib.sha256(client_key).digest(), stored)

    def test_makes_the_same_verifier_again_and_another_one_for_another_role_or_password(self):
        first = scram_verifier("word", "weather")
        self.assertEqual(scram_verifier("word", "weather"), first)
        self.assertEqual(len({first, scram_verifier("word", "postgres"), scram_verifier("other", "weather")}), 3)


class BcryptTest(unittest.TestCase):
    def test_makes_a_hash_that_verifies_the_password(self):
        made = bcrypt_hash("word", "prometheus", "seed")
        self.assertRegex(made, r"^\$2b\$10\$[./A-Za-z0-9]{53}$")
        # crypt with a hash as its setting gives the same hash for the same password only.
        self.assertEqual(by_library("word", made), made)
        self.assertNotEqual(by_library("other", made), made)

    def test_makes_the_hash_of_a_known_example(self):
        # From the tests of OpenBSD's and libxcrypt's bcrypt.
        known = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        self.assertEqual(by_library("U*U", known), known)

    def test_makes_the_same_hash_again_and_another_one_for_another_user_or_seed(self):
        first = setting_of("prometheus", "seed")
        self.assertEqual(setting_of("prometheus", "seed"), first)
        self.assertEqual(len({first, setting_of("alertmanager", "seed"), setting_of("prometheus", "other")}), 3)


class WithNumbersTest(unittest.TestCase):
    def test_makes_numbers_of_digits_at_any_depth_and_leaves_the_rest(self):
        given = {"ttl": "20", "name": "20s", "deep": {"max": "200", "on": True, "text": ""}, "list": ["1"]}
        expected = {"ttl": 20, "name": "20s", "deep": {"max": 200, "on": True, "text": ""}, "list": ["1"]}
        self.assertEqual(with_numbers(given), expected)


if __name__ == "__main__":
    unittest.main()
