"""The kinds of reward, one small pure file each, found through a registry."""
