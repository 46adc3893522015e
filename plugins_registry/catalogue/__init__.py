"""Remote catalogues: what they offer and whom they block, believed only as far as it is signed.

`reaching` says which addresses may be asked, `fetching` asks them within bounds, `trusting` has
the metadata verified (TUF) and fetches what it vouches for, `index` reads that. Nothing here knows
the database; `services.catalogues` and `services.offers` do.
"""
