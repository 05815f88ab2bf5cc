"""The container engine behind one port (`base.Engine`): `docker*.py` for the real one, `fake.py`
for tests.
"""
