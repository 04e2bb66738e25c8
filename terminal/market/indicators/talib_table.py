"""The indicators that TA-Lib computes and a chart offers, with what the library does not know: where they are drawn.

A row: name in the library, title, inputs (``source``: the price that the trader chooses; else letters of open, high,
low, close, volume), parameters with their defaults, outputs with their style, then ``overlay`` for those that are
prices, ``guides`` (lines drawn at these values), ``bounds`` (lowest and highest value there can be). Two spaces at the
beginning continue the row before. A test compares this table with the library.
"""

TABLE = """
[Averages and bands]
ACCBANDS | Acceleration bands | hlc | timeperiod=20 | upperband:upper middleband lowerband:lower | overlay
BBANDS | Bollinger bands | source | timeperiod=20 nbdevup=2.0 nbdevdn=2.0 matype=0 | upperband:upper middleband
  lowerband:lower | overlay
DEMA | Double exponential moving average | source | timeperiod=30 | real | overlay
DONCHIAN | Donchian channels | hl | timeperiod=20 | upperband:upper middleband lowerband:lower | overlay
EMA | Exponential moving average | source | timeperiod=30 | real | overlay
HMA | Hull moving average | source | timeperiod=20 | real | overlay
HT_TRENDLINE | Instantaneous trendline (Hilbert) | source | - | real | overlay
KAMA | Kaufman adaptive moving average | source | timeperiod=30 | real | overlay
KC | Keltner channels | hlc | timeperiod=20 atrperiod=10 nbdev=2.0 | upperband:upper middleband lowerband:lower
  | overlay
MAMA | MESA adaptive moving average | source | fastlimit=0.5 slowlimit=0.05 | mama fama:dashed | overlay
MIDPOINT | Midpoint over a period | source | timeperiod=14 | real | overlay
MIDPRICE | Midpoint of highs and lows | hl | timeperiod=14 | real | overlay
RMA | Wilder's moving average | source | timeperiod=30 | real | overlay
SAR | Parabolic SAR | hl | acceleration=0.02 maximum=0.2 | real:dots | overlay
SMA | Simple moving average | source | timeperiod=30 | real | overlay
SUPERTREND | SuperTrend | hlc | timeperiod=10 multiplier=3.0 | supertrend trend:hidden | overlay
T3 | T3 average (Tillson) | source | timeperiod=5 vfactor=0.7 | real | overlay
TEMA | Triple exponential moving average | source | timeperiod=30 | real | overlay
TRIMA | Triangular moving average | source | timeperiod=30 | real | overlay
VWMA | Volume weighted moving average | cv | timeperiod=30 | real | overlay
WMA | Weighted moving average | source | timeperiod=30 | real | overlay
ZLEMA | Zero-lag exponential moving average | source | timeperiod=30 | real | overlay
[Momentum]
AC | Accelerator/decelerator oscillator | hl | fastperiod=5 slowperiod=34 signalperiod=5 | real:histogram |
  guides 0
ADX | Average directional index | hlc | timeperiod=14 | real | guides 25
ADXR | Average directional index rating | hlc | timeperiod=14 | real | guides 25
AO | Awesome oscillator | hl | fastperiod=5 slowperiod=34 | real:histogram | guides 0
APO | Price oscillator | source | fastperiod=12 slowperiod=26 matype=1 | real | guides 0
AROON | Aroon | hl | timeperiod=14 | aroondown:dashed aroonup | guides 30 70 | bounds 0 100
AROONOSC | Aroon oscillator | hl | timeperiod=14 | real | guides -50 50 | bounds -100 100
BOP | Balance of power | ohlc | - | real | guides 0 | bounds -1 1
CCI | Commodity channel index | hlc | timeperiod=14 | real | guides -100 100
CMO | Chande momentum oscillator | source | timeperiod=14 | real | guides -50 50 | bounds -100 100
CMOU | Chande momentum oscillator, unsmoothed | source | timeperiod=14 | real | guides -50 50 | bounds -100 100
COPPOCK | Coppock curve | source | wmaperiod=10 roc1period=11 roc2period=14 | real | guides 0
DPO | Detrended price oscillator | source | timeperiod=20 | real | guides 0
DX | Directional movement index | hlc | timeperiod=14 | real | guides 25
ER | Kaufman efficiency ratio | source | timeperiod=10 | real | bounds 0 1
ERI | Elder ray (bull and bear power) | hlc | timeperiod=13 | bullpower bearpower | guides 0
FOSC | Forecast oscillator | source | timeperiod=5 | real | guides 0
FRACTAL | Williams fractals | hl | leftbars=2 rightbars=2 | swinghigh:dots swinglow:dots | overlay
IMI | Intraday momentum index | oc | timeperiod=14 | real | guides 30 70 | bounds 0 100
KDJ | KDJ stochastic | hlc | fastk_period=9 slowk_period=3 slowk_matype=13 slowd_period=3 slowd_matype=13 | k d
  j | guides 20 80
MACD | MACD | source | fastperiod=12 slowperiod=26 signalperiod=9 | macd macdsignal:dashed macdhist:histogram |
  guides 0
MACDEXT | MACD with chosen averages | source | fastperiod=12 fastmatype=0 slowperiod=26 slowmatype=0
  signalperiod=9 signalmatype=0 | macd macdsignal:dashed macdhist:histogram | guides 0
MFI | Money flow index | hlcv | timeperiod=14 | real | guides 20 80 | bounds 0 100
MINUS_DI | Minus directional indicator | hlc | timeperiod=14 | real
MINUS_DM | Minus directional movement | hl | timeperiod=14 | real
MOM | Momentum | source | timeperiod=10 | real | guides 0
PLUS_DI | Plus directional indicator | hlc | timeperiod=14 | real
PLUS_DM | Plus directional movement | hl | timeperiod=14 | real
PPO | Price oscillator, per cent | source | fastperiod=12 slowperiod=26 matype=1 | real | guides 0
QSTICK | Qstick | oc | timeperiod=10 | real | guides 0
ROC | Rate of change | source | timeperiod=10 | real | guides 0
ROCP | Rate of change, ratio less one | source | timeperiod=10 | real | guides 0
ROCR | Rate of change, ratio | source | timeperiod=10 | real
ROCR100 | Rate of change, ratio x 100 | source | timeperiod=10 | real
RSI | Relative strength index | source | timeperiod=14 | real | guides 30 70 | bounds 0 100
SMI | Stochastic momentum index | hlc | timeperiod=13 fastperiod=2 slowperiod=25 signalperiod=9 | smi
  smisignal:dashed | guides -40 40 | bounds -100 100
STOCH | Stochastic | hlc | fastk_period=5 slowk_period=3 slowk_matype=0 slowd_period=3 slowd_matype=0 | slowk
  slowd:dashed | guides 20 80 | bounds 0 100
STOCHF | Stochastic, fast | hlc | fastk_period=5 fastd_period=3 fastd_matype=0 | fastk fastd:dashed | guides 20
  80 | bounds 0 100
STOCHRSI | Stochastic RSI | source | timeperiod=14 fastk_period=5 fastd_period=3 fastd_matype=0 | fastk
  fastd:dashed | guides 20 80 | bounds 0 100
TRIX | TRIX, triple smoothed rate of change | source | timeperiod=30 | real | guides 0
TSI | True strength index | source | firstperiod=25 secondperiod=13 | real | guides -25 25 | bounds -100 100
ULTOSC | Ultimate oscillator | hlc | timeperiod1=7 timeperiod2=14 timeperiod3=28 | real | guides 30 70 | bounds
  0 100
VHF | Vertical horizontal filter | source | timeperiod=28 | real
VORTEX | Vortex indicator | hlc | timeperiod=14 | plusvi minusvi | guides 1
WAD | Williams accumulation/distribution | hlc | - | real
WILLR | Williams %R | hlc | timeperiod=14 | real | guides -80 -20 | bounds -100 0
[Volatility]
ADR | Average day range | hl | timeperiod=14 | real
ATR | Average true range | hlc | timeperiod=14 | real
CVI | Chaikin volatility | hl | timeperiod=10 rocperiod=10 | real | guides 0
MASSI | Mass index | hl | fastperiod=9 slowperiod=25 | real | guides 26.5 27
NATR | Average true range, normalized | hlc | timeperiod=14 | real
RVI | Relative volatility index | source | timeperiod=14 stddevperiod=10 | real | guides 40 60 | bounds 0 100
TRANGE | True range | hlc | - | real
[Volume]
AD | Accumulation/distribution line | hlcv | - | real
ADOSC | Chaikin oscillator | hlcv | fastperiod=3 slowperiod=10 | real | guides 0
CMF | Chaikin money flow | hlcv | timeperiod=20 | real | guides 0 | bounds -1 1
EFI | Elder's force index | cv | timeperiod=13 | real | guides 0
MARKETFI | Market facilitation index | hlv | - | real
NVI | Negative volume index | cv | - | real
OBV | On-balance volume | cv | - | real
PVI | Positive volume index | cv | - | real
PVO | Volume oscillator, per cent | v | fastperiod=12 slowperiod=26 matype=1 | real | guides 0
PVT | Price volume trend | cv | - | real
RVOL | Relative volume | v | timeperiod=20 | real | guides 1
[Statistics]
BETA | Beta of highs and lows | hl | timeperiod=5 | real
CORREL | Correlation of highs and lows | hl | timeperiod=30 | real | guides 0 | bounds -1 1
LINEARREG | Linear regression | source | timeperiod=14 | real | overlay
LINEARREG_ANGLE | Linear regression angle | source | timeperiod=14 | real | guides 0
LINEARREG_INTERCEPT | Linear regression intercept | source | timeperiod=14 | real | overlay
LINEARREG_SLOPE | Linear regression slope | source | timeperiod=14 | real | guides 0
MAX | Highest value | source | timeperiod=30 | real | overlay
MIN | Lowest value | source | timeperiod=30 | real | overlay
PERCENTILE | Percentile | source | timeperiod=30 percentile=50.0 | real | overlay
PERCENTRANK | Percent rank | source | timeperiod=100 | real | guides 20 80 | bounds 0 100
STDDEV | Standard deviation | source | timeperiod=5 nbdev=1.0 | real
TSF | Time series forecast | source | timeperiod=14 | real | overlay
VAR | Variance | source | timeperiod=5 nbdev=1.0 | real
[Cycles]
HT_DCPERIOD | Dominant cycle period (Hilbert) | source | - | real
HT_DCPHASE | Dominant cycle phase (Hilbert) | source | - | real
HT_PHASOR | Phasor components (Hilbert) | source | - | inphase quadrature:dashed
HT_SINE | Sine wave (Hilbert) | source | - | sine leadsine:dashed | bounds -1 1
HT_TRENDMODE | Trend or cycle (Hilbert) | source | - | integer | bounds 0 1
[Prices]
AVGDEV | Average deviation | source | timeperiod=14 | real
AVGPRICE | Average price | ohlc | - | real | overlay
MEDPRICE | Median price | hl | - | real | overlay
TYPPRICE | Typical price | hlc | - | real | overlay
WCLPRICE | Weighted close price | hlc | - | real | overlay
"""
