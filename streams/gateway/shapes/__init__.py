"""The shapes of the documents that the gateway answers with, as JSON schemas of its OpenAPI document."""
