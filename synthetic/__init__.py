"""Generator of the synthetic public-use raw wave files. See README.md in this folder."""
