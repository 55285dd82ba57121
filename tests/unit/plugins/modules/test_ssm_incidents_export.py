from __future__ import annotations
import json
from pathlib import Path
from incident_data import one_of_each
from endpoint.client import active_set
ARN = "arn:aws:ssm-incidents::123456789012:replication-set/c4bcb603-4bf9-bb3f-413c-08df53673b57"

def test_first(run_module, endpoint, tmp_path):
    endpoint.seed(active_set(dict.fromkeys(("eu-west-1", "us-east-1"), "DefaultKey")), arn=ARN)
    endpoint.seed_data(*one_of_each())
    out = run_module("ssm_incidents_export", path=str(tmp_path/"x"))
    print(json.dumps(out.result, indent=1))
    for f in sorted((tmp_path/"x").iterdir()):
        print(f.name, oct(f.stat().st_mode)); print(f.read_text())
    from collections import Counter
    print(Counter((c["operation"],c["region"]) for c in endpoint.requests))
    assert 0
