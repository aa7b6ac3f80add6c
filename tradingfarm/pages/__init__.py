"""The pages, a folder for each subject: addresses, views, and what they show as frozen values.

Pages are composed from several apps, so they stand above all of them; the apps know no page.
"""
