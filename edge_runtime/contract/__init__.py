"""The agreement between the packages that make a model file and the package that runs it.

Everything here needs numpy, Pillow and the standard library only.
"""
