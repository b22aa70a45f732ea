"""Fetches published data sets: resumable, verified, with licence and attribution kept."""
