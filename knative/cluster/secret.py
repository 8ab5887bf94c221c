"""Print the Secret `rivulet` with new random keys, for `kubectl create -f -`: they go through no command line."""

import json
import secrets

print(
    json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "rivulet", "namespace": "ml-services"},
            "type": "Opaque",
            "stringData": {"snapshot-key": secrets.token_hex(32), "redis-password": secrets.token_hex(32)},
        }
    )
)
