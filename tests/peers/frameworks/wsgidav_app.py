from pathlib import Path

from wsgidav.wsgidav_app import WsgiDAVApp

STATIC = Path(__file__).with_name("static")
app = WsgiDAVApp(
    {
        "provider_mapping": {"/": {"root": str(STATIC), "readonly": True}},
        "simple_dc": {"user_mapping": {"*": True}},
        "http_authenticator": {"accept_basic": True, "accept_digest": False, "default_to_digest": False},
        "verbose": 0,
        "logging": {"enable_loggers": []},
        "lock_storage": False,
        "property_manager": False,
    }
)
PATHS = ["/", "/style.css", "/folder", "/folder/readme.txt", "/missing"]
