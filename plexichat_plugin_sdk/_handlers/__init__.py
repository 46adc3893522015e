"""Running a plugin's handlers: what a call becomes, and what is made of what they return.

The sandbox's runner uses it for calls that came over the wire, the tests' host for those of a
test; so a verdict or an answer means the same in both. It knows no codec.
"""

from __future__ import annotations
