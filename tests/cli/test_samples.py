"""Sample calls come from the service's own OpenAPI page."""

from cli.samples import sample_bodies

OPENAPI = {
    "paths": {
        "/livez": {"get": {"responses": {}}},
        "/intent": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/IntentBody"}}
                    }
                }
            }
        },
        "/price": {
            "post": {
                "requestBody": {
                    "content": {
                        "application/json": {
                            "schema": {
                                "properties": {
                                    "journey": {"examples": [{"distance_km": 5.0}]},
                                    "note": {"type": "string"},
                                }
                            }
                        }
                    }
                }
            }
        },
    },
    "components": {
        "schemas": {"IntentBody": {"properties": {"texts": {"default": ["I was charged twice"]}}}}
    },
}


def test_every_post_gets_its_defaults_or_its_first_example():
    assert sample_bodies(OPENAPI) == {
        "/intent": {"texts": ["I was charged twice"]},
        "/price": {"journey": {"distance_km": 5.0}, "note": None},
    }
