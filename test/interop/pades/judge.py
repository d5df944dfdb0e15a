"""pyHanko over the files of a folder.

judge.py judge FOLDER ROOT...    one JSON line for each signature of each file
judge.py sign FOLDER             with key.pem, leaf.der, chain.der, root.der, ts-*.der and lists of the folder
"""

import asyncio
import json
import os
import sys
from io import BytesIO

from asn1crypto import algos, crl, keys, x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.signers import PdfSignatureMetadata
from pyhanko.sign.timestamps import DummyTimeStamper
from pyhanko.sign.validation import DocumentSecurityStore, validate_pdf_signature, validate_pdf_timestamp
from pyhanko.sign.validation.ades import ades_lta_validation
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy, RevocationCheckingRule
from pyhanko_certvalidator.registry import SimpleCertificateStore, SimpleTrustManager


def read(path):
    with open(path, "rb") as file:
        return file.read()


def certificate(path):
    return x509.Certificate.load(read(path))


def lasting(signature, trust):
    """EN 319 102-1 5.6.3, with nothing but what the file carries."""
    rule = RevocationCheckingRule.CRL_OR_OCSP_REQUIRED
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy(rule, rule)),
    )
    gathering = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    spec = SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=gathering)
    result = asyncio.run(ades_lta_validation(signature, PdfSignatureValidationSpec(spec)))
    return [str(result.ades_subindic.status), str(result.ades_subindic.standard_name), result.failure_msg]


def judge(folder, *roots):
    trust = [certificate(one) for one in roots]
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pdf"):
            judge_file(os.path.join(folder, name), trust)


def judge_file(path, trust):
    reader = PdfFileReader(BytesIO(read(path)))
    for one in reader.embedded_signatures:
        context = ValidationContext(trust_roots=trust, allow_fetching=False)
        is_stamp = one.sig_object.get("/Type") == "/DocTimeStamp"
        verify = validate_pdf_timestamp if is_stamp else validate_pdf_signature
        status = verify(one, context)
        line = {
            "file": os.path.basename(path),
            "field": one.field_name,
            "kind": "time-stamp" if is_stamp else "signature",
            "ok": bool(status.intact and status.valid and status.trusted),
            "coverage": status.coverage.name,
        }
        if not is_stamp:
            line["changes"] = status.modification_level.name
            line["allowed"] = bool(status.docmdp_ok)
            if "/DSS" in reader.root:
                store = DocumentSecurityStore.read_dss(reader)
                required = {"trust_roots": trust, "allow_fetching": False, "revocation_mode": "require"}
                status = validate_pdf_signature(one, store.as_validation_context(required))
                line["revocation"] = bool(status.intact and status.valid and status.trusted)
            if any(each.sig_object.get("/Type") == "/DocTimeStamp" for each in reader.embedded_signatures):
                line["lasting"] = lasting(one, trust)
        print(json.dumps(line))


def pss():
    """With a salt as long as the hash; left alone it takes the longest there is."""
    sha256 = {"algorithm": "sha256"}
    mask = {"algorithm": "mgf1", "parameters": sha256}
    parameters = {"hash_algorithm": sha256, "mask_gen_algorithm": mask, "salt_length": 32}
    return algos.SignedDigestAlgorithm({"algorithm": "rsassa_pss", "parameters": parameters})


def sign(folder):
    """Every file of the folder at every level."""
    for name in sorted(os.listdir(folder)):
        if name.endswith(".pdf"):
            for level in ("B-B", "B-T", "B-LT", "B-LTA"):
                path = os.path.join(folder, name)
                sign_file(path, path.replace(".pdf", f"-{level}.signed"), folder, level)


def sign_file(source, target, folder, level):
    at = lambda name: os.path.join(folder, name)
    def private(name):
        key = serialization.load_pem_private_key(read(at(name)), None)
        der = key.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return keys.PrivateKeyInfo.load(der)

    chain = [certificate(at("chain.der")), certificate(at("root.der"))]
    signer = signers.SimpleSigner(
        signing_cert=certificate(at("leaf.der")),
        signing_key=private("key.pem"),
        cert_registry=SimpleCertificateStore.from_certs(chain),
        signature_mechanism=pss() if os.path.exists(at("pss")) else None,
    )
    stamper = None
    if level != "B-B":
        stamps = SimpleCertificateStore.from_certs([certificate(at("ts-root.der"))])
        stamper = DummyTimeStamper(
            tsa_cert=certificate(at("ts-leaf.der")), tsa_key=private("ts-key.pem"), certs_to_embed=stamps
        )
    context = ValidationContext(
        trust_roots=[chain[1], certificate(at("ts-root.der"))],
        other_certs=chain,
        crls=[crl.CertificateList.load(read(at(name))) for name in sorted(os.listdir(folder)) if name.endswith(".crl")],
        allow_fetching=False,
        revocation_mode="require",
    )
    lasts = level in ("B-LT", "B-LTA")
    meta = PdfSignatureMetadata(
        field_name=os.environ.get("FIELD", "Signature1"),
        subfilter=fields.SigSeedSubFilter.PADES,
        md_algorithm=os.environ.get("HASH", "sha256"),
        reason="made elsewhere",
        name="pyHanko",
        validation_context=context if lasts else None,
        embed_validation_info=lasts,
        use_pades_lta=level == "B-LTA",
        certify="CERTIFY" in os.environ,
    )
    writer = IncrementalPdfFileWriter(BytesIO(read(source)))
    out = signers.sign_pdf(writer, meta, signer=signer, timestamper=stamper)
    with open(target, "wb") as file:
        file.write(out.getbuffer())


{"judge": judge, "sign": sign}[sys.argv[1]](*sys.argv[2:])
