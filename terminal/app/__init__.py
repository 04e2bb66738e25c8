"""The brain of the face, without Qt: commands, key map, arming, workspaces, links, alerts, formats and view models."""
