#!/usr/bin/env python3
"""Makes vectors.json: what other implementations (Python's hashlib, cryptography over OpenSSL) make of the same input.

Not run by the tests: the file beside it is what they read. Values under `published` are those of Bitwarden's own tests.
Usage: vectors.py WORDS > vectors.json, with the EFF's long list in the form of its authors."""
import base64, hashlib, hmac, json, sys
from cryptography.hazmat.primitives import hashes, padding, serialization
from cryptography.hazmat.primitives.asymmetric import padding as oaep, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

b64 = lambda data: base64.b64encode(data).decode()
sha256 = lambda data: hashlib.sha256(data).digest()
expand = lambda key, info: HKDFExpand(hashes.SHA256(), 32, info).derive(key)
words = [line.split()[1] for line in open(sys.argv[1])]
assert len(words) == 7776


def key(seed):
    return b"".join(sha256(f"{seed} {half}".encode()) for half in (1, 2))


def enc(key, plain, seed):
    iv = sha256(f"iv {seed}".encode())[:16]
    padder = padding.PKCS7(128).padder()
    cipher = Cipher(algorithms.AES(key[:32]), modes.CBC(iv)).encryptor()
    data = cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()
    return f"2.{b64(iv)}|{b64(data)}|{b64(hmac.digest(key[32:], iv + data, 'sha256'))}"


def account(address, password, kdf):
    salt = address.strip().lower().encode()
    if kdf[0] == "pbkdf2":
        master = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, kdf[1], 32)
    else:
        _, t, m, p = kdf
        argon = Argon2id(salt=sha256(salt), length=32, iterations=t, lanes=p, memory_cost=m * 1024)
        master = argon.derive(password.encode())
    stretched = expand(master, b"enc") + expand(master, b"mac")
    return {
        "address": address, "password": password, "kdf": kdf,
        "passwordHash": b64(hashlib.pbkdf2_hmac("sha256", master, password.encode(), 1, 32)),
        "userKey": b64(key(address)), "wrappedUserKey": enc(stretched, key(address), address),
    }


def phrase(user, der):
    n = int.from_bytes(expand(sha256(der), user.encode()), "big")
    out = []
    for _ in range(5):
        n, index = divmod(n, len(words))
        out.append(words[index])
    return {"user": user, "publicKey": b64(der), "phrase": "-".join(out)}


pair = rsa.generate_private_key(65537, 2048)
pkcs8 = pair.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
spki = pair.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
weak = rsa.generate_private_key(65537, 1024).public_key()
big = rsa.generate_private_key(65537, 3072).public_key()
der = lambda public: b64(public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))
sha1 = oaep.OAEP(mgf=oaep.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None)
society = key("society")
texts = ["", "a", "exactly 15 byte", "exactly 16 bytes", "Kassenprüfer 🔑", "x" * 7000]
published = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAuyYs8W7NWf0Zv35Ueco93730dtRKi4Jhc6Snar+86drE+ruSfaCWMcbg"
    "sAoAj2Pm6KAzaJrTIVCqBERQ23OncpzjfcGAeyf+v3w/gSw/EjihMJ4AG5ICY4hLFYcGdgwa+7is+TVO0i6PEWjKQa3l2+mQo2XY"
    "7pg2ngHDMssV4gxSqq+qoBX3+FBhewCYdOV+3cebwsAzz7HwoFTxKViwNW8crbHonhZPhZgfIAzEkzo5MvzQg5azhLKW6vuPfaOQ"
    "FC5HqPykVnh8OPzO0uzUi3+97CguAu4N2CgwVYXltZuw2fGamdVw3kjbxQPbOE1tL0j7gyTwYKkfUl2m8gMh1QIDAQAB"
)
json.dump({
    "published": {
        "phrase": {"user": "a09726a0-9590-49d1-a5f5-afe300b6a515", "publicKey": published,
                   "phrase": "turban-deftly-anime-chatroom-unselfish"},
        "passwordHash": {"address": " TEST@bitwarden.com", "password": "asdfasdf", "kdf": ["pbkdf2", 100000],
                         "passwordHash": "wmyadRMyBZOH7P/a/ucTCbSghKgdzDpPqUnu/DAVtSw="},
    },
    "accounts": [
        account("keyforge@union.example", "correct horse battery staple", ["pbkdf2", 600000]),
        account(" Ana.Núñez@Union.Example ", "pässwörd", ["argon2id", 3, 64, 4]),
        account("o@x.example", "p", ["argon2id", 2, 16, 1]),
    ],
    "societyKey": b64(society),
    "texts": [{"text": text, "encrypted": enc(society, text.encode(), text[:20])} for text in texts],
    "bytes": {"base64": b64(bytes(range(128, 160))), "encrypted": enc(society, bytes(range(128, 160)), "bytes")},
    "pair": {"privateKey": b64(pkcs8), "publicKey": b64(spki), "encryptedPrivateKey": enc(key("owner"), pkcs8, "pair"),
             "owner": b64(key("owner")), "wrappedSocietyKey": "4." + b64(pair.public_key().encrypt(society, sha1))},
    "otherSizes": [der(weak), der(big)],
    "phrases": [phrase("0dd9c9a2-5b1f-4c2b-9f0a-5d2b6e6c6f11", spki), phrase("", spki)],
    "uris": [{"uri": uri, "checksum": b64(sha256(uri.encode()))} for uri in ("https://bank.example/login", "https://grün.example/?a=b c")],
}, sys.stdout, indent=1, ensure_ascii=False)
