"""The tests' own configuration: pytester, and the plugin itself when this checkout is not installed."""

from importlib import metadata

_installed = any(point.name == "wsgiconform" for point in metadata.entry_points(group="pytest11"))
pytest_plugins = ["pytester"] if _installed else ["pytester", "pytest_wsgiconform.plugin"]
